import { spawn } from 'node:child_process'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { setInterval } from 'node:timers'

// An MCP server without a library, which does exactly what the tool that is called says. Its arguments say which eras
// it speaks: `legacy`, `modern` or both.
const eras = process.argv.slice(2)

const write = (text) => process.stdout.write(`${text}\n`)
const send = (message) => write(JSON.stringify({ jsonrpc: '2.0', ...message }))
const say = (id, text) => send({ id, result: { content: [{ type: 'text', text: String(text) }] } })
const waiting = new Map()
let held = []

const tools = {
  echo: ({ id, args }) => say(id, args.text),
  /** Says the line that it was sent. */
  received: ({ id, line }) => say(id, line),
  pid: ({ id }) => say(id, process.pid),
  env: ({ id }) => say(id, JSON.stringify(process.env)),
  never: () => undefined,
  progress({ id, args, meta }) {
    for (let progress = 1; progress <= args.times; progress += 1) {
      const params = { progressToken: meta.progressToken, progress }
      send({ method: 'notifications/progress', params })
    }
    say(id, 'done')
  },
  /** Answers all that were held, the last first. */
  hold({ id, args }) {
    held.unshift(id)
    if (held.length < args.until) return
    for (const each of held) say(each, 'let go')
    held = []
  },
  log({ id }) {
    send({ method: 'notifications/message', params: { level: 'info', data: 'logged' } })
    say(id, 'logged')
  },
  /** Says something later that belongs to no request. */
  change({ id }) {
    say(id, 'changed')
    send({ method: 'notifications/tools/list_changed' })
  },
  /** Asks the client, and says what it answered. */
  ask({ id }) {
    waiting.set('q-1', (answer) => say(id, JSON.stringify(answer)))
    send({ id: 'q-1', method: 'elicitation/create', params: { message: 'Well?' } })
  },
  /** Asks the client once this call is answered, and says on stderr what came. */
  askLater({ id }) {
    say(id, 'soon')
    waiting.set('q-2', (answer) => process.stderr.write(`answered ${JSON.stringify(answer)}\n`))
    send({ id: 'q-2', method: 'roots/list' })
  },
  big: ({ id, args }) => write(`{"result":${bigResult(args)},"jsonrpc":"2.0","id":${id}}`),
  bigIdFirst: ({ id, args }) => write(`{"jsonrpc":"2.0","id":${id},"result":${bigResult(args)}}`),
  bigIdBeforeLast: ({ id, args }) =>
    write(`{"result":${bigResult(args)},"id":${id},"jsonrpc":"2.0"}`),
  bigQuestion({ args }) {
    const params = { text: 'x'.repeat(args.bytes) }
    send({ id: 'q-4', method: 'elicitation/create', params })
  },
  flood({ id, args, meta }) {
    for (let progress = 1; progress <= args.times; progress += 1) {
      const message = 'x'.repeat(args.bytes)
      const params = { progressToken: meta.progressToken, progress, message }
      send({ method: 'notifications/progress', params })
    }
    say(id, 'done')
  },
  crash({ args }) {
    if (args.after) send({ method: 'notifications/message', params: { data: 'about to' } })
    process.stdout.write('', () => process.exit(3))
  },
  chatter({ id, args }) {
    for (let i = 0; i < args.lines; i += 1) process.stderr.write(`line ${i} ${'.'.repeat(50)}\n`)
    process.stdout.write('This is no message\n')
    say(id, 'said')
  },
  /** Two parsers read it differently. */
  twofold: ({ id }) => write(`{"jsonrpc":"2.0","id":${id},"result":{"a":1,"a":2}}`),
  twofoldQuestion({ id }) {
    waiting.set('q-3', (answer) => say(id, JSON.stringify(answer)))
    write('{"jsonrpc":"2.0","id":"q-3","method":"roots/list","params":{"a":1,"a":2}}')
  },
  /** Leaves a process behind that does not care about its stdin or SIGTERM. */
  grandchild({ id }) {
    const program =
      "process.on('SIGTERM', () => {}); process.stdout.write('.'); setInterval(() => {}, 1e6)"
    const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'ignore'] })
    child.stdout.once('data', () => say(id, child.pid))
  },
  stubborn({ id }) {
    process.on('SIGTERM', () => undefined)
    setInterval(() => undefined, 1e6)
    say(id, process.pid)
  },
  incapable: ({ id }) => refuse(id, -32021),
  /** Says what it was told to cancel. */
  cancelled: ({ id }) => say(id, JSON.stringify(cancelled)),
}
const cancelled = []

function bigResult({ bytes }) {
  return JSON.stringify({ content: [{ type: 'text', text: 'x'.repeat(bytes) }] })
}

const methods = {
  initialize({ id, params }) {
    if (!eras.includes('legacy')) return refuse(id, -32022, { supported: ['2026-07-28'] })
    if (params.clientInfo?.name === 'unwelcome') return refuse(id, -32602)
    const { protocolVersion } = params
    return send({
      id,
      result: { protocolVersion, capabilities: {}, serverInfo: { name: 'scripted', version: '1' } },
    })
  },
  'server/discover'({ id }) {
    if (!eras.includes('modern')) return refuse(id, -32601)
    return send({ id, result: { supportedVersions: ['2026-07-28'], capabilities: {} } })
  },
  'tools/call'({ id, params, line }) {
    const { name, arguments: args = {}, _meta: meta = {} } = params
    if (tools[name] === undefined) return refuse(id, -32602)
    return tools[name]({ id, args, meta, line })
  },
  'subscriptions/listen'({ id, params }) {
    const _meta = { 'io.modelcontextprotocol/subscriptionId': id }
    send({ method: 'notifications/subscriptions/acknowledged', params: { _meta } })
    send({ method: 'notifications/tools/list_changed', params: { _meta } })
    if (params.end === 'result') send({ id, result: { _meta } })
    if (params.end === 'cancel') {
      send({ method: 'notifications/cancelled', params: { requestId: id } })
    }
  },
  'notifications/cancelled': ({ params }) => void cancelled.push(params.requestId),
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
  if (method !== undefined) method({ ...message, params: message.params ?? {}, line })
  else if (message.id !== undefined) refuse(message.id, -32601)
})
