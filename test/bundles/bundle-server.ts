import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer, type ServerOptions } from 'node:https'
import {
  createServer as createTcpServer,
  type AddressInfo,
  type Server as TcpServer,
} from 'node:net'
import { once } from 'node:events'
import { createHttpSource, type HttpSourceOptions } from '../../src/bundles/http-source.js'
import type { BundleSource } from '../../src/bundles/source.js'

export type Answer = (request: IncomingMessage, response: ServerResponse) => void

export interface BundleServer {
  readonly url: string
  readonly requests: readonly IncomingMessage[]
  /** The first request. */
  readonly arrived: Promise<unknown>
  connections(): Promise<number>
  close(): void
}

const servers: (Server | TcpServer)[] = []
const sources: BundleSource[] = []

/** Closes whatever a test has opened. */
export async function closeAll(): Promise<void> {
  for (const source of sources.splice(0)) await source.close()
  for (const server of servers.splice(0)) {
    if ('closeAllConnections' in server) server.closeAllConnections()
    if (!server.listening) continue
    server.close()
    await once(server, 'close')
  }
}

export async function serve(answer: Answer, tls?: ServerOptions): Promise<BundleServer> {
  const requests: IncomingMessage[] = []
  const listener: Answer = (request, response) => {
    requests.push(request)
    answer(request, response)
  }
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener)
  servers.push(server)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    url: `http${tls === undefined ? '' : 's'}://127.0.0.1:${portOf(server)}/b.tar.gz`,
    requests,
    arrived: once(server, 'request'),
    connections: () =>
      new Promise((resolve, reject) => {
        server.getConnections((fault, count) => (fault ? reject(fault) : resolve(count)))
      }),
    close: () => server.close(),
  }
}

/** A server that sends these bytes, whatever it is asked, and hangs up. */
export async function serveBytes(bytes: string): Promise<string> {
  const server = createTcpServer((socket) => {
    socket.on('error', () => undefined)
    socket.once('data', () => socket.end(bytes))
  })
  servers.push(server)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return `http://127.0.0.1:${portOf(server)}/b.tar.gz`
}

function portOf(server: Server | TcpServer): number {
  return (server.address() as AddressInfo).port
}

export function sourceOf(url: string, options: Partial<HttpSourceOptions> = {}): BundleSource {
  const usual = { token: undefined, ca: undefined, maxBytes: 1000, pollSec: 0, longPollSec: 0 }
  const source = createHttpSource({ url, ...usual, version: '1.2.3', ...options })
  sources.push(source)
  return source
}

export const never = new AbortController().signal

export async function refusalOf(source: BundleSource): Promise<string> {
  const fault: unknown = await source.fetch(never).catch((thrown: unknown) => thrown)
  if (!(fault instanceof Error) || !('fault' in fault)) throw new Error('not refused')
  return `${String(fault.fault)}: ${fault.message}`
}
