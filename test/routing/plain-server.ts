import type { ServerResponse } from 'node:http'
import { startRawUpstream, type RawUpstream, type Received } from '../support/upstream.js'

/** A server of the legacy era whose every word the test decides. */
export interface PlainServer extends RawUpstream {
  /** The methods that it was sent, `response` for answers to its own requests, in order. */
  readonly methods: () => string[]
  /** The messages of a method that it was sent. */
  readonly sent: (method: string) => SentMessage[]
  /** It forgets its sessions, as a server does that was started anew. */
  readonly forget: () => void
  /** `away`: it breaks off whatever it is sent; `closed`: it begins no sessions. */
  readonly become: (state: 'up' | 'away' | 'closed') => void
  /** The next stream that was opened (GET) and not yet taken. */
  readonly stream: () => Promise<ServerResponse>
}

export interface SentMessage {
  readonly headers: Received['headers']
  readonly json: Json
  readonly text: string
}

type Json = Record<string, unknown>

export interface PlainOptions {
  readonly name?: string
  readonly capabilities?: object
  readonly instructions?: string
  readonly protocolVersion?: string
  /** It keeps no sessions. */
  readonly stateless?: boolean
  /** False: it answers GET with 405. */
  readonly streams?: boolean
  /** Results by method, or what writes the whole reply. */
  readonly answers?: Record<string, object | ((message: Json, response: ServerResponse) => void)>
}

export async function startPlainServer(options: PlainOptions = {}): Promise<PlainServer> {
  let sessions = new Set<string>()
  let issued = 0
  let state: 'up' | 'away' | 'closed' = 'up'
  const streams: ServerResponse[] = []
  const takers: ((stream: ServerResponse) => void)[] = []
  const { name = 's', capabilities = { tools: {} }, protocolVersion = '2025-11-25' } = options
  const introduced = { protocolVersion, capabilities, serverInfo: { name, version: '1' } }
  const said = options.instructions === undefined ? {} : { instructions: options.instructions }

  const upstream = await startRawUpstream(({ method, headers, body }, response) => {
    const json = method === 'POST' ? (JSON.parse(body.toString()) as Json) : {}
    if (state === 'away') {
      response.destroy()
      return
    }
    if (isProbe(json)) {
      reply(response, json, introduced)
      return
    }
    if (json['method'] === 'initialize' && state === 'closed') {
      response.writeHead(503).end()
      return
    }
    if (json['method'] === 'initialize') {
      issued += 1
      const id = `${name}-${issued}`
      sessions.add(id)
      const issuedId = options.stateless === true ? {} : { 'mcp-session-id': id }
      reply(response, json, { ...introduced, ...said }, issuedId)
      return
    }
    const session = String(headers['mcp-session-id'])
    if (options.stateless !== true && !sessions.has(session)) {
      const error =
        '{"jsonrpc":"2.0","id":null,"error":{"code":-32001,"message":"Session not found"}}'
      response.writeHead(404, { 'content-type': 'application/json' }).end(error)
      return
    }
    if (method === 'DELETE') {
      sessions.delete(session)
      response.writeHead(200).end()
    } else if (method === 'GET') open(response)
    else if (json['id'] === undefined || json['method'] === undefined) response.writeHead(202).end()
    else answer(json, response)
  })

  function open(response: ServerResponse): void {
    if (options.streams === false) {
      response.writeHead(405).end()
      return
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
    const taker = takers.shift()
    if (taker === undefined) streams.push(response)
    else taker(response)
  }

  function answer(json: Json, response: ServerResponse): void {
    const known = options.answers?.[String(json['method'])]
    if (typeof known === 'function') known(json, response)
    else if (known !== undefined) reply(response, json, known)
    else if (json['method'] === 'ping' || json['method'] === 'logging/setLevel')
      reply(response, json, {})
    else fail(response, json, -32601)
  }

  const messages = (): SentMessage[] =>
    upstream.received
      .filter(({ method }) => method === 'POST')
      .map(({ headers, body }) => ({
        headers,
        text: body.toString(),
        json: JSON.parse(body.toString()) as Json,
      }))
      .filter(({ json }) => json['method'] !== 'server/discover' && !isProbe(json))

  return {
    ...upstream,
    methods: () => messages().map(methodOf),
    sent: (method) => messages().filter((message) => methodOf(message) === method),
    forget: () => {
      sessions = new Set()
    },
    become: (next) => {
      state = next
    },
    stream: () =>
      new Promise((resolve) => {
        const stream = streams.shift()
        if (stream === undefined) takers.push(resolve)
        else resolve(stream)
      }),
  }
}

function methodOf({ json: { method } }: SentMessage): string {
  return typeof method === 'string' ? method : 'response'
}

/** What the gateway asks on its own account, to find out which eras the server speaks. */
function isProbe({ method, params }: Json): boolean {
  const { clientInfo } = (params ?? {}) as { clientInfo?: { name?: string } }
  return method === 'initialize' && clientInfo?.name !== 'c'
}

export function reply(
  response: ServerResponse,
  { id }: Json,
  result: object,
  headers: Record<string, string> = {},
): void {
  response.writeHead(200, { 'content-type': 'application/json', ...headers })
  response.end(JSON.stringify({ jsonrpc: '2.0', id, result }))
}

export function fail(response: ServerResponse, { id }: Json, code: number): void {
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ jsonrpc: '2.0', id, error: { code, message: 'No' } }))
}
