import { Pool } from 'undici'
import { answerTo } from './answer.mjs'

const headers = {
  accept: 'application/json, text/event-stream',
  'content-type': 'application/json',
  'mcp-protocol-version': '2025-11-25',
}

/** An MCP client that calls one tool over so many connections and reads every answer. */
export async function openClient(url, connections) {
  const { origin, pathname: path } = new URL(url)
  const pool = new Pool(origin, { connections, pipelining: 1, keepAliveTimeout: 600_000 })
  let calls = 0

  async function post(message) {
    const body = JSON.stringify({ jsonrpc: '2.0', ...message })
    const reply = await pool.request({ method: 'POST', path, headers, body })
    return { status: reply.statusCode, text: await reply.body.text() }
  }

  /** One call, with an id and arguments that no other call has; throws unless the answer is the one that belongs to it. */
  async function call() {
    calls += 1
    const id = calls
    const args = { city: `City ${id % 1000}`, day: id, units: 'metric', language: 'en' }
    const params = { name: 'weather.get', arguments: args }
    const { status, text } = await post({ id, method: 'tools/call', params })
    const answer = status === 200 ? JSON.parse(text) : undefined
    if (answer?.id === id && answer.result?.content[0]?.text === answerTo(args)) return
    throw new Error(`call ${id} got ${status}: ${text.slice(0, 500)}`)
  }

  const initialize = {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'bench', version: '1' },
  }
  await post({ id: 0, method: 'initialize', params: initialize })
  await post({ method: 'notifications/initialized' })

  return {
    calls: () => calls,
    /** Keeps all connections busy for so long; gives each call's time in microseconds. */
    async run(seconds) {
      const latencies = []
      const started = performance.now()
      const end = started + seconds * 1000
      const connection = async () => {
        for (let now = performance.now(); now < end;) {
          await call()
          const after = performance.now()
          latencies.push((after - now) * 1000)
          now = after
        }
      }
      await Promise.all(Array.from({ length: connections }, connection))
      return { latencies, seconds: (performance.now() - started) / 1000 }
    },
    close: () => pool.close(),
  }
}
