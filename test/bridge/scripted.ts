import type { ServerResponse } from 'node:http'
import { startRawUpstream, type Answerer, type RawUpstream } from '../support/upstream.js'

/** What a scripted server was POSTed, read. */
export interface Posted {
  readonly id?: unknown
  readonly method?: string
  readonly params?: Record<string, unknown>
  readonly result?: unknown
  readonly error?: { code: number }
  readonly session: string | undefined
  readonly text: string
}

export type Script = (posted: Posted, response: ServerResponse) => void | Promise<void>

export interface Scripted extends RawUpstream {
  readonly posted: readonly Posted[]
  /** The event streams that clients opened (GET), by session. */
  readonly streams: ReadonlyMap<string, ServerResponse>
}

/** A legacy server that does what every one does; the script answers the rest. */
export async function startLegacyScript(script: Script): Promise<Scripted> {
  const posted: Posted[] = []
  const streams = new Map<string, ServerResponse>()
  let sessions = 0
  const answer: Answerer = async ({ method, headers, body }, response) => {
    const session = headers['mcp-session-id']
    if (method === 'GET') {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
      streams.set(String(session), response)
      return
    }
    if (method === 'DELETE') {
      response.writeHead(200).end()
      return
    }
    const text = body.toString()
    const message = {
      ...(JSON.parse(text) as Posted),
      text,
      session: session?.toString(),
    }
    posted.push(message)
    if (message.method === 'initialize') {
      sessions += 1
      response.setHeader('mcp-session-id', `s${sessions}`)
      reply(response, message, {
        protocolVersion: '2025-11-25',
        capabilities: { tools: {}, logging: {} },
        serverInfo: { name: 'scripted', version: '1' },
      })
    } else if (message.method === 'server/discover') {
      refuse(response, 400, -32000, 'Bad Request: Server not initialized')
    } else if (message.id === undefined) response.writeHead(202).end()
    else if (message.method === undefined) {
      response.writeHead(202).end()
      await script(message, response)
    } else await script(message, response)
  }
  const upstream = await startRawUpstream(answer)
  return { ...upstream, posted, streams }
}

/** A modern server that does what every one does; the script answers the rest. */
export async function startModernScript(
  script: Script,
  tools: readonly object[] = [],
): Promise<Scripted> {
  const posted: Posted[] = []
  const upstream = await startRawUpstream(async ({ method, body }, response) => {
    if (method !== 'POST') {
      response.writeHead(405).end()
      return
    }
    const text = body.toString()
    const message = {
      ...(JSON.parse(text) as Posted),
      text,
      session: undefined,
    }
    posted.push(message)
    if (message.method === 'initialize') refuse(response, 400, -32022, 'Unsupported')
    else if (message.method === 'tools/list') {
      reply(response, message, { resultType: 'complete', tools, ttlMs: 0, cacheScope: 'public' })
    } else if (message.method === 'server/discover') {
      reply(response, message, {
        resultType: 'complete',
        supportedVersions: ['2026-07-28'],
        capabilities: { tools: {} },
        ttlMs: 0,
        cacheScope: 'private',
        _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'scripted', version: '1' } },
      })
    } else await script(message, response)
  })
  return { ...upstream, posted, streams: new Map() }
}

export function reply(response: ServerResponse, { id }: Posted, result: object | string): void {
  const text = typeof result === 'string' ? result : JSON.stringify(result)
  response.setHeader('content-type', 'application/json')
  response.end(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${text}}`)
}

export function refuse(
  response: ServerResponse,
  status: number,
  code: number,
  message: string,
): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ jsonrpc: '2.0', id: null, error: { code, message } }))
}

/** Begins an event stream, or goes on with it. */
export function event(response: ServerResponse, message: object): void {
  if (!response.headersSent) response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.write(`data: ${JSON.stringify({ jsonrpc: '2.0', ...message })}\n\n`)
}

const common = {
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
}

/** A request of the modern era. @param user whom a trusted proxy names */
export function modernPost(
  url: string,
  {
    method,
    id = 1,
    params = '{}',
    capabilities = '{}',
    meta = '',
    user = '',
    headers = {},
    signal,
  }: Asked,
): Promise<Response> {
  const envelope = `"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":${capabilities}${meta}`
  const rest = params === '{}' ? '{' : `${params.slice(0, -1)},`
  const name = /"name":"([^"]*)"/.exec(params)?.[1]
  return fetch(url, {
    method: 'POST',
    body: `{"jsonrpc":"2.0","id":${id},"method":"${method}","params":${rest}"_meta":{${envelope}}}}`,
    headers: {
      ...common,
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': method,
      ...headers,
      ...(name === undefined ? {} : { 'mcp-name': name }),
      ...(user === '' ? {} : { 'x-forwarded-user': user }),
    },
    ...(signal === undefined ? {} : { signal }),
  })
}

export interface Asked {
  readonly method: string
  readonly id?: number
  readonly params?: string
  readonly capabilities?: string
  readonly meta?: string
  readonly user?: string
  readonly headers?: Record<string, string>
  readonly signal?: AbortSignal
}

export function legacyPost(url: string, session: string, body: string): Promise<Response> {
  const headers = { ...common, 'mcp-session-id': session, 'mcp-protocol-version': '2025-11-25' }
  return fetch(url, { method: 'POST', body, headers })
}

/** Gives the session id. */
export async function initialize(url: string, capabilities = '{}'): Promise<string> {
  const body = `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":${capabilities},"clientInfo":{"name":"raw","version":"1"}}}`
  const response = await fetch(url, { method: 'POST', body, headers: common })
  await response.text()
  return response.headers.get('mcp-session-id') ?? ''
}
