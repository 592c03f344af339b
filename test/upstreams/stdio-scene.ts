import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Call } from '../../src/domain/call.js'
import type { Era } from '../../src/domain/era.js'
import { createLine, type Line } from '../../src/domain/hang-up.js'
import type { ProbedUpstream, StreamRequest } from '../../src/domain/ports.js'
import { anonymous } from '../../src/domain/principal.js'
import type { Reply } from '../../src/domain/reply.js'
import type { Session } from '../../src/domain/session.js'
import type { StdioEvents } from '../../src/upstreams/stdio-events.js'
import type { StdioOptions } from '../../src/upstreams/stdio-options.js'
import { createStdioServer, type StdioServer } from '../../src/upstreams/stdio-server.js'
import {
  createStdioUpstream,
  type StdioUpstreamOptions,
} from '../../src/upstreams/stdio-upstream.js'
import { createEventSplitter } from '../../src/wire/event-stream.js'
import { readMessage } from '../../src/wire/message.js'
import { readOperation } from '../../src/wire/operation.js'

const scripted = fileURLToPath(new URL('../support/stdio-scripted.mjs', import.meta.url))

/** What the children of a test did. */
export interface Seen extends StdioEvents {
  readonly pids: number[]
  readonly ends: {
    readonly pid: number
    readonly outcome: number | string
    readonly expected: boolean
  }[]
  readonly lines: string[]
  readonly dropped: string[]
  /** Resolves when so many children have ended. */
  ended(count: number): Promise<void>
  /** Resolves with the first line, old or new, that begins so. */
  said(beginning: string): Promise<string>
}

export function watch(): Seen {
  const pids: number[] = []
  const ends: Seen['ends'][number][] = []
  const lines: string[] = []
  const dropped: string[] = []
  const waiting = new Set<() => void>()
  const look = (): void => {
    for (const each of waiting) each()
  }
  const until = <Value>(found: () => Value | undefined): Promise<Value> =>
    new Promise((resolve) => {
      const check = (): void => {
        const value = found()
        if (value === undefined) return
        waiting.delete(check)
        resolve(value)
      }
      waiting.add(check)
      check()
    })
  return {
    pids,
    ends,
    lines,
    dropped,
    childStarted: (_server, pid) => void pids.push(pid),
    childEnded(_server, pid, outcome, expected) {
      ends.push({ pid, outcome, expected })
      look()
    },
    childSaid(_server, line) {
      lines.push(line)
      look()
    },
    messageDropped: (_server, why) => void dropped.push(why),
    ended: async (count) => {
      await until(() => (ends.length >= count ? true : undefined))
    },
    said: (beginning) => until(() => lines.find((line) => line.startsWith(beginning))),
  }
}

type Changes<Options> = Partial<Omit<Options, 'events'>> & { readonly events?: Seen }

/** The scripted server behind a stdio upstream; short limits, so that nothing waits for long. */
export function scriptedUpstream(
  eras: readonly Era[],
  changes: Changes<StdioUpstreamOptions> = {},
): { readonly upstream: ProbedUpstream; readonly seen: Seen } {
  const seen = changes.events ?? watch()
  const upstream = createStdioUpstream({ replica: 'r1', ...optionsOf(eras, changes), events: seen })
  return { upstream, seen }
}

export function scriptedServer(changes: Changes<StdioOptions> = {}): {
  readonly server: StdioServer
  readonly seen: Seen
} {
  const seen = changes.events ?? watch()
  const server = createStdioServer({ ...optionsOf(['legacy', 'modern'], changes), events: seen })
  return { server, seen }
}

function optionsOf<Options extends object>(eras: readonly Era[], changes: Options) {
  return {
    name: 'scripted',
    command: process.execPath,
    args: [scripted, ...eras],
    env: {},
    cwd: undefined,
    timeoutMs: 10_000,
    maxMessageBytes: 16 * 1024 * 1024,
    ...changes,
  }
}

const envelope = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
}

/** Params of the modern era, with what every request of it says. */
export function enveloped(params: object, meta: object = {}): object {
  return { ...params, _meta: { ...envelope, ...meta } }
}

export function callOf(text: string, era: Era, session?: Session): Call {
  const message = readMessage(Buffer.from(text))
  return {
    id: randomUUID(),
    message,
    operation:
      message.form === 'response'
        ? { type: 'other', kind: 'unsolicited', params: undefined }
        : readOperation(message),
    direction: 'to_server',
    principal: anonymous,
    claimed: undefined,
    server: 'scripted',
    session,
    headers: {},
    requestIp: '127.0.0.1',
    protocol: era === 'modern' ? '2026-07-28' : '2025-11-25',
    time: Date.now(),
    era,
  }
}

/** A client of an upstream, in one era and perhaps a session. */
export interface Client {
  readonly stream: StreamRequest
  /** Sends a text as it is. */
  post(text: string, line?: Line): Promise<Reply>
  /** Asks under this id; the id is spelled as JSON. */
  ask(id: string, method: string, params?: object, line?: Line): Promise<Reply>
  /** Calls a tool, and gives the text of its result. */
  call(name: string, args?: object): Promise<string>
  notify(method: string, params?: object): Promise<Reply>
  listen(line?: Line): Promise<Reply>
}

export function clientOf(
  upstream: Pick<ProbedUpstream, 'send' | 'listen'>,
  era: Era,
  session?: Session,
): Client {
  const stream = { session, headers: {} }
  const post = (text: string, line = createLine()): Promise<Reply> =>
    upstream.send(callOf(text, era, session), line)
  const said = (params: object = {}): string =>
    JSON.stringify(era === 'modern' ? enveloped(params, metaOf(params)) : params)
  const ask: Client['ask'] = (id, method, params, line) =>
    post(`{"jsonrpc":"2.0","id":${id},"method":"${method}","params":${said(params)}}`, line)
  return {
    stream,
    post,
    ask,
    call: async (name, args = {}) => {
      const [last] = (
        await messages(await ask('1', 'tools/call', { name, arguments: args }))
      ).slice(-1)
      return textOf(last)
    },
    notify: (method, params) =>
      post(`{"jsonrpc":"2.0","method":"${method}","params":${said(params)}}`),
    listen: (line = createLine()) => upstream.listen(stream, line),
  }
}

function metaOf(params: object): object {
  return '_meta' in params && typeof params._meta === 'object' ? (params._meta ?? {}) : {}
}

export const initialize = {
  protocolVersion: '2025-11-25',
  capabilities: {},
  clientInfo: { name: 'test', version: '1' },
}

/** A client in a session that it has begun. */
export async function begin(upstream: ProbedUpstream): Promise<Client> {
  const reply = await clientOf(upstream, 'legacy').ask('0', 'initialize', initialize)
  return clientOf(upstream, 'legacy', sessionOf(reply))
}

export function sessionOf(reply: Reply): Session {
  const id = headerOf(reply, 'mcp-session-id') ?? ''
  return { id: 'digest', upstreamId: id }
}

export function headerOf(reply: Reply, name: string): string | undefined {
  return reply.headers.find(([each]) => each === name)?.[1]
}

/** The exact text of a JSON reply. */
export async function bodyOf(reply: Reply): Promise<string> {
  return String(await reply.body.collect(Infinity))
}

/** The texts of all messages of a reply, to its end. */
export async function texts(reply: Reply): Promise<string[]> {
  if (reply.form !== 'events') return [await bodyOf(reply)]
  const next = reader(reply)
  const all: string[] = []
  for (let text = await next(); text !== undefined; text = await next()) all.push(text)
  return all
}

export interface Said {
  readonly id?: unknown
  readonly method?: string
  readonly params?: Record<string, unknown>
  readonly result?: { readonly content: readonly { readonly text: string }[] }
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown }
}

export async function messages(reply: Reply): Promise<Said[]> {
  return (await texts(reply)).map((text) => JSON.parse(text) as Said)
}

export function textOf(message: Said | undefined): string {
  return message?.result?.content[0]?.text ?? `no text in ${JSON.stringify(message)}`
}

/** Reads an event stream message by message; undefined at its end. */
export function reader(reply: Reply): () => Promise<string | undefined> {
  const splitter = createEventSplitter()
  const waiting: string[] = []
  return async () => {
    for (;;) {
      const text = waiting.shift()
      if (text !== undefined) return text
      const chunk = await reply.body.read()
      if (chunk === undefined) return undefined
      for (const { data } of splitter.push(chunk))
        if (data !== undefined) waiting.push(String(data))
    }
  }
}

/** Whether a process is there, and is not one that has ended and only waits to be collected. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}
