import { spawn } from 'node:child_process'
import { readFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readEvents, type EventReader } from './event-server.js'
import { mcpHeaders } from './gateway.js'
import { follow } from './lines.js'
import { mirrored, modern } from './modern.js'
import { spawnGateway, type GatewayProcess, type LogRecord } from './process.js'

const stdioServer = new URL('stdio-rough.mjs', import.meta.url).pathname
const httpServer = new URL('http-rough.mjs', import.meta.url).pathname

/** The entry of a server that starts in no time. */
export const small = {
  command: 'bash',
  args: [new URL('stdio-small.sh', import.meta.url).pathname],
  era: 'legacy',
}

/** The entry of a server on stdio that does what its tools say. */
export function rough(...eras: string[]): object {
  return { command: process.execPath, args: [stdioServer, ...eras], ...eraOf(eras) }
}

/** What a server is said to speak is not asked of it. */
function eraOf(eras: readonly string[]): object {
  return eras.length === 1 && eras[0] !== 'dies' ? { era: eras[0] } : {}
}

/** The built gateway in front of servers that behave badly. */
export interface RoughScene {
  readonly gateway: GatewayProcess
  /** The address of one server alone. */
  urlOf(server: string): string
  /** Resident memory of the gateway, MiB. */
  memory(): Promise<number>
  /** Resolves with the first line that a child of this server wrote on stderr and that begins so. */
  said(server: string, beginning: string): Promise<LogRecord>
  /** Ends it with SIGTERM and gives its exit code. */
  close(): Promise<number | null>
}

export async function startRough(
  mcpServers: Readonly<Record<string, object>>,
  env: Readonly<Record<string, string>> = {},
): Promise<RoughScene> {
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-rough-'))
  const file = join(folder, 'servers.json')
  await writeFile(file, JSON.stringify({ mcpServers }))
  const gateway = await spawnGateway([], { UPSTREAMS_FILE: file, DECISION_LOG: 'off', ...env })
  const { origin } = new URL(gateway.mcpUrl)
  let closed: Promise<number | null> | undefined
  return {
    gateway,
    urlOf: (server) => `${origin}/servers/${server}/mcp`,
    memory: () => residentMiB(gateway.pid),
    said: (server, beginning) =>
      gateway.seen(
        'operatorLog',
        ({ msg, server: of, line }) =>
          msg === 'child_said' && of === server && String(line).startsWith(beginning),
      ),
    close: () => (closed ??= gateway.stop().finally(() => rm(folder, { recursive: true }))),
  }
}

async function residentMiB(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024
}

/** Whether a process is there; one that has ended and waits to be collected is not. */
export async function isAlive(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return stat !== '' && !/\) [ZX] /.test(stat)
}

/** A client of one server, which speaks no more than it is told. */
export interface BareClient {
  post(text: string, headers?: Record<string, string>): Promise<Response>
  /** Calls a tool and gives the whole answer. */
  call(name: string, args?: object, meta?: object): Promise<Called>
  /** Calls a tool and gives its reply as soon as that begins. */
  begin(name: string, args?: object, meta?: object): Promise<Response>
  /** Opens a stream that nobody reads: of a call, or of the session where none is given. */
  neglect(call?: { readonly name: string; readonly args: object }): Promise<IncomingMessage>
  readonly headers: Readonly<Record<string, string>>
}

export interface Called {
  readonly status: number
  /** Of the result, all texts. */
  readonly text: string
  readonly error: { readonly code: number; readonly message: string } | undefined
}

/** A client of the modern era. */
export function modernClient(url: string, user: Record<string, string> = {}): BareClient {
  return bareClient(url, user, (name, args, meta, id) => ({
    text: modern('tools/call', { name, arguments: args }, id, meta),
    headers: mirrored('tools/call', name),
  }))
}

/** A client of the legacy era in a session that it has begun. */
export async function legacyClient(
  url: string,
  user: Record<string, string> = {},
): Promise<BareClient> {
  const begun = await fetch(url, {
    method: 'POST',
    headers: { ...mcpHeaders, ...user },
    body: initializing,
  })
  const text = await begun.text()
  const session = begun.headers.get('mcp-session-id')
  if (session === null) throw new Error(`No session: ${begun.status} ${text}`)
  const client = inSession(url, session, user)
  await client.post('{"jsonrpc":"2.0","method":"notifications/initialized"}')
  return client
}

/** A client of the legacy era in a session with this id. */
export function inSession(
  url: string,
  session: string,
  user: Record<string, string> = {},
): BareClient {
  const headers = { ...user, 'mcp-session-id': session, 'mcp-protocol-version': '2025-11-25' }
  return bareClient(url, headers, (name, args, meta, id) => ({
    text: JSON.stringify({
      jsonrpc: '2.0',
      id,
      method: 'tools/call',
      params: { name, arguments: args, _meta: meta },
    }),
    headers: {},
  }))
}

export const initializing = JSON.stringify({
  jsonrpc: '2.0',
  id: 0,
  method: 'initialize',
  params: {
    protocolVersion: '2025-11-25',
    capabilities: { elicitation: {} },
    clientInfo: { name: 'bare', version: '1' },
  },
})

type Written = (
  name: string,
  args: object,
  meta: object,
  id: number,
) => { readonly text: string; readonly headers: Record<string, string> }

function bareClient(url: string, own: Record<string, string>, write: Written): BareClient {
  const post: BareClient['post'] = (text, headers = {}) =>
    fetch(url, { method: 'POST', headers: { ...mcpHeaders, ...own, ...headers }, body: text })
  const begin: BareClient['begin'] = (name, args = {}, meta = {}) => {
    const { text, headers } = write(name, args, meta, 1)
    return post(text, headers)
  }
  return {
    headers: own,
    post,
    begin,
    call: async (name, args, meta) => called(await begin(name, args, meta)),
    neglect: async (call) => {
      const written =
        call === undefined
          ? { text: undefined, headers: { accept: 'text/event-stream' } }
          : write(call.name, call.args, { progressToken: 'p' }, 1)
      const headers = { ...(call === undefined ? {} : mcpHeaders), ...own, ...written.headers }
      const sent = request(url, { method: call === undefined ? 'GET' : 'POST', headers })
      sent.end(written.text)
      const [reply] = (await once(sent, 'response')) as [IncomingMessage]
      reply.pause()
      reply.on('error', () => undefined)
      return reply
    },
  }
}

/** The answer in a reply, whatever comes before it. */
export async function called(reply: Response): Promise<Called> {
  const { status } = reply
  const type = reply.headers.get('content-type') ?? ''
  const message = type.startsWith('text/event-stream')
    ? await lastOf(readEvents(reply))
    : ((await reply.json()) as Answer)
  const { result, error } = message ?? {}
  return { status, text: (result?.content ?? []).map(({ text }) => text).join(''), error }
}

interface Answer {
  readonly id?: unknown
  readonly result?: { readonly content?: readonly { readonly text: string }[] }
  readonly error?: { readonly code: number; readonly message: string }
}

async function lastOf(events: EventReader): Promise<Answer | undefined> {
  let last: Answer | undefined
  for (;;) {
    const event = await events.next()
    if (event === undefined) return last
    const data = /^data: ?(.+)$/m.exec(event)?.[1]
    if (data !== undefined) last = JSON.parse(data) as Answer
  }
}

/** A server over HTTP in a process of its own. */
export interface HttpServer {
  readonly url: string
  /** Resolves when so many calls hang. */
  hanging(count: number): Promise<void>
  kill(): void
}

export async function startHttpServer(): Promise<HttpServer> {
  const child = spawn(process.execPath, [httpServer], { stdio: ['ignore', 'pipe', 'inherit'] })
  const out = follow(child.stdout)
  const url = await out.seen((line) => line.startsWith('http'))
  const count = (): number => out.lines.filter((line) => line === 'hanging').length
  return {
    url,
    hanging: async (wanted) => {
      await out.seen(() => count() >= wanted)
    },
    kill: () => void child.kill('SIGKILL'),
  }
}
