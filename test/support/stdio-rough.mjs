import { Buffer } from 'node:buffer'
import { spawn } from 'node:child_process'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { setInterval } from 'node:timers'

// A server on stdio that behaves badly in whatever way the tool that is called says. Its arguments say which eras it
// speaks (`legacy`, `modern`), or that it ends at once (`dies`).
const eras = process.argv.slice(2)
if (eras.includes('dies')) {
  process.stderr.write('no use in living\n')
  process.exit(7)
}

const send = (message) =>
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
const say = (id, text) => send({ id, result: { content: [{ type: 'text', text: String(text) }] } })
const drained = (stream) => new Promise((resolve) => stream.once('drain', resolve))
const progress = (meta, message) => {
  const params = { progressToken: meta.progressToken, progress: (count += 1), message }
  return send({ method: 'notifications/progress', params })
}
let count = 0
let held = []
let late = ''
const waiting = new Map()

const question = {
  message: 'Well?',
  requestedSchema: { type: 'object', properties: { name: { type: 'string' } } },
}

const tools = {
  echo: ({ id, args }) => say(id, args.text),
  pid: ({ id }) => say(id, process.pid),
  /** Begins a stream if it is told to, and never answers. */
  hang({ args, meta }) {
    if (args.streaming) progress(meta, 'begun')
    process.stderr.write(`hanging ${args.name ?? ''}\n`)
  },
  die: () => process.exit(3),
  /** Writes so many bytes on stderr, as fast as they are taken. */
  async stderr({ id, args }) {
    await pour(process.stderr, Buffer.alloc(65_536, `${'e'.repeat(99)}\n`), args.bytes)
    say(id, 'poured')
  },
  /** Writes what is no message on stdout. */
  async garbage({ id, args }) {
    await pour(process.stdout, Buffer.alloc(65_536, `${'garbage{['.repeat(11)}\n`), args.bytes)
    say(id, 'poured')
  },
  /** One message of so many bytes. */
  big: ({ id, args }) => say(id, 'x'.repeat(args.bytes)),
  /** Notifications that belong to no call, as fast as they are taken; it goes on until it ends. */
  async notify({ id }) {
    say(id, 'begun')
    const note = { method: 'notifications/message', params: { level: 'info', data: 'x' } }
    const line = Buffer.from(`${JSON.stringify({ jsonrpc: '2.0', ...note })}\n`.repeat(500))
    await pour(process.stdout, line, Infinity)
  },
  /** Progress of so many bytes in all, as fast as it is taken, and then the answer. */
  async flood({ id, args, meta }) {
    for (let bytes = 0; bytes < args.bytes; bytes += 65_536) {
      if (!progress(meta, 'x'.repeat(65_000))) await drained(process.stdout)
    }
    say(id, 'flooded')
  },
  /** Log messages of so many bytes in all, for whoever listens. */
  async floodLog({ id, args }) {
    say(id, 'begun')
    const params = { level: 'info', data: 'x'.repeat(65_000) }
    for (let bytes = 0; bytes < args.bytes; bytes += 65_536) {
      if (!send({ method: 'notifications/message', params })) await drained(process.stdout)
    }
    process.stderr.write('log flooded\n')
  },
  stubborn({ id }) {
    process.on('SIGTERM', () => undefined)
    setInterval(() => undefined, 1e6)
    say(id, process.pid)
  },
  /** Starts a process that does not care about its stdin or SIGTERM. */
  grandchild({ id }) {
    const program =
      "process.on('SIGTERM', () => {}); process.stdout.write('.'); setInterval(() => {}, 1e6)"
    const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'ignore'] })
    child.stdout.once('data', () => say(id, child.pid))
  },
  twice({ id }) {
    say(id, 'once')
    say(id, 'twice')
  },
  /** Answers ids that nobody asked under, and then its own. */
  unknown({ id }) {
    for (const other of [id + 1, id + 1000, -1, 0, 'x', String(id), null, 1.5, 1e300]) {
      say(other, 'for nobody')
    }
    say(id, 'answered')
  },
  /** Answers every call once so many are there, the last first, each with its own text and progress. */
  together({ id, args, meta }) {
    held.unshift({ id, args, meta })
    if (held.length < args.until) return
    for (const each of held) progress(each.meta, `progress of ${each.args.text}`)
    for (const each of held) say(each.id, each.args.text)
    held = []
  },
  /** Answers, and says something of it in the log when another call says so. */
  lateLog({ id, args }) {
    late = args.text
    say(id, 'soon')
  },
  releaseLog({ id }) {
    send({ method: 'notifications/message', params: { level: 'info', data: late } })
    say(id, 'released')
  },
  ask({ id }) {
    waiting.set('q-1', (answer) => say(id, JSON.stringify(answer)))
    send({ id: 'q-1', method: 'elicitation/create', params: question })
  },
}

/** Asks as the modern era does, and says what it was answered. */
tools.askModern = ({ id, answers }) => {
  if (answers !== undefined) return say(id, JSON.stringify(answers))
  const inputRequests = { q: { method: 'elicitation/create', params: question } }
  send({ id, result: { resultType: 'input_required', inputRequests, requestState: 's' } })
}

async function pour(stream, block, bytes) {
  for (let poured = 0; poured < bytes; poured += block.length) {
    if (!stream.write(block)) await drained(stream)
  }
}

const modernOnes = { tools: {}, resources: { subscribe: true } }

const methods = {
  initialize({ id, params }) {
    if (!eras.includes('legacy')) return refuse(id, -32022, { supported: ['2026-07-28'] })
    const { protocolVersion } = params
    const capabilities = { tools: {}, logging: {}, resources: { subscribe: true } }
    const serverInfo = { name: 'rough', version: '1' }
    return send({ id, result: { protocolVersion, capabilities, serverInfo } })
  },
  'server/discover'({ id }) {
    if (!eras.includes('modern')) return refuse(id, -32601)
    return send({ id, result: { supportedVersions: ['2026-07-28'], capabilities: modernOnes } })
  },
  'tools/list'({ id }) {
    const list = Object.keys(tools).map((name) => ({ name, inputSchema: { type: 'object' } }))
    send({ id, result: { tools: list } })
  },
  'tools/call'({ id, params }) {
    const { name, arguments: args = {}, _meta: meta = {}, inputResponses: answers } = params
    if (tools[name] === undefined) return refuse(id, -32602)
    return tools[name]({ id, args, meta, answers })
  },
  'resources/subscribe'({ id, params }) {
    process.stderr.write(`subscribed ${params.uri}\n`)
    send({ id, result: {} })
  },
  'subscriptions/listen'({ id, params }) {
    const _meta = { 'io.modelcontextprotocol/subscriptionId': id }
    const { notifications } = params
    process.stderr.write(`listening ${JSON.stringify(notifications)}\n`)
    send({
      method: 'notifications/subscriptions/acknowledged',
      params: { notifications, _meta },
    })
  },
  ping: ({ id }) => send({ id, result: {} }),
}

function refuse(id, code, data) {
  send({ id, error: { code, message: 'No', data } })
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const message = JSON.parse(line)
  if (message.method === undefined) {
    waiting.get(message.id)?.(message.result ?? message.error)
    return
  }
  const method = methods[message.method]
  if (method !== undefined) method({ ...message, params: message.params ?? {} })
  else if (message.id !== undefined) refuse(message.id, -32601)
})
