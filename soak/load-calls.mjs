import { performance } from 'node:perf_hooks'
import { URL } from 'node:url'
import { Pool } from 'undici'
import { createDurations } from './durations.mjs'
import { digestOf, parityOf } from './editioned-bundle.mjs'

const connections = 8

/** Calls of every kind, without a pause, each answer compared with what the editions of the bundle permit. */
export function createCalls(url, random, findings) {
  const { origin, pathname: path } = new URL(url)
  const pool = new Pool(origin, { connections, pipelining: 1, bodyTimeout: 0, headersTimeout: 0 })
  const answers = new Map()
  // Of what the upstream answers at once: its own delays would hide the gateway's.
  let latencies = createDurations()
  let stopping = false

  async function one() {
    const id = answers.size + 1
    const kind = random.pick(callKinds)
    answers.set(id, 'open')
    const params = { name: kind.tool, arguments: { ...kind.args, mark: `mark ${id} \u00fc` } }
    const body = JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params })
    const headers = { ...mcpHeaders, 'x-forwarded-user': 'soak', 'x-forwarded-roles': kind.roles }
    const started = performance.now()
    const reply = await pool.request({ method: 'POST', path, headers, body })
    const text = await reply.body.text()
    const took = (performance.now() - started) * 1000
    if (!/"delayed":[1-9]/.test(text)) latencies.add(took)
    const seen = seenOf(kind, { id, status: reply.statusCode, text, body })
    answers.set(id, seen)
    if (seen === 'wrong') findings.add('wrong answer', `${body} got ${reply.statusCode} ${text}`)
  }

  async function connection() {
    while (!stopping) {
      try {
        await one()
      } catch (thrown) {
        findings.add('failed request', thrown.stack)
      }
    }
  }

  return {
    answers,
    /** Gives what was measured so far, and begins again. */
    measureAnew() {
      const measured = latencies
      latencies = createDurations()
      return measured
    },
    start: () => {
      stopping = false
      return Promise.all(Array.from({ length: connections }, connection))
    },
    stop: () => (stopping = true),
    close: () => pool.close(),
  }
}

const mcpHeaders = {
  accept: 'application/json, text/event-stream',
  'content-type': 'application/json',
  'mcp-protocol-version': '2025-11-25',
}

const callKinds = [
  { tool: 'weather.get', args: {}, roles: 'dev', answer: 'plain' },
  { tool: 'temp.convert', args: { temp: 20 }, roles: 'dev', answer: 'plain' },
  { tool: 'temp.convert', args: { temp: 15_000 }, roles: 'dev', answer: 'by bound' },
  { tool: 'temp.convert', args: { temp: -500 }, roles: 'dba', answer: 422 },
  { tool: 'database.backup', args: {}, roles: 'dev', answer: 403 },
  { tool: 'database.backup', args: {}, roles: 'dev,dba', answer: 'plain' },
  { tool: 'employee_data', args: {}, roles: 'dev', answer: 'filtered' },
  { tool: 'employee_data', args: {}, roles: 'hr', answer: 'plain' },
]

/** Which editions could have given this answer: `even`, `odd`, `any`, or `wrong` for none of them. */
function seenOf({ answer }, { id, status, text, body }) {
  const reply = JSON.parse(text)
  if (reply.jsonrpc !== '2.0' || reply.id !== id) return 'wrong'
  if (typeof answer === 'number')
    return isRefusal(reply, status, answer) ? parityIn(reply) : 'wrong'
  if (answer === 'by bound' && status !== 200) {
    return isRefusal(reply, status, 422) && parityIn(reply) === 'even' ? 'even' : 'wrong'
  }
  const { mark } = JSON.parse(body).params.arguments
  const { content, structuredContent: shown } = reply.result ?? {}
  if (status !== 200 || content?.[0]?.text !== mark) return 'wrong'
  if (shown.body !== digestOf(body)) return 'wrong'
  const members = Object.keys(shown).join()
  if (answer === 'filtered') {
    if (shown.ssn !== '****') return 'wrong'
    return { 'wage,ssn,body': 'even', 'salary,ssn,body': 'odd' }[members] ?? 'wrong'
  }
  if (members !== 'salary,wage,ssn,body' || shown.ssn === '****') return 'wrong'
  return answer === 'by bound' ? 'odd' : 'any'
}

function isRefusal({ error }, status, expected) {
  const reason = expected === 403 ? 'role_mismatch' : 'out_of_bounds: temp'
  return status === expected && error?.code === expected && error.data.reason === reason
}

function parityIn({ error }) {
  return parityOf(error.data.revision)
}
