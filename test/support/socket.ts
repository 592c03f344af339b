import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { mcpHeaders } from './gateway.js'

/** A connection whose bytes the test writes, as no client library would let it. */
export interface RawSocket {
  readonly socket: Socket
  readonly write: (text: string) => void
  /** All that has come by the time the text contains `marker`, or the connection is closed. */
  readonly until: (marker: string) => Promise<string>
  /** All that has come by the time the gateway has closed the connection. */
  readonly closed: Promise<string>
}

export async function openSocket(url: string): Promise<RawSocket> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  let text = ''
  let look = (): void => undefined
  socket.setEncoding('latin1')
  socket.on('data', (chunk: string) => {
    text += chunk
    look()
  })
  socket.on('error', () => undefined)
  const closed = new Promise<string>((resolve) => socket.once('close', () => resolve(text)))
  return {
    socket,
    write: (request) => void socket.write(request, 'latin1'),
    until: (marker) => {
      const found = new Promise<string>((resolve) => {
        look = () => {
          if (text.includes(marker)) resolve(text)
        }
        look()
      })
      return Promise.race([found, closed])
    },
    closed,
  }
}

/** A request as it stands on the wire. */
export function rawRequest(
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body = '',
): string {
  const length = body === '' ? {} : { 'content-length': String(Buffer.byteLength(body)) }
  const lines = Object.entries({ host: 'localhost', ...length, ...headers })
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  return `${method} ${path} HTTP/1.1\r\n${head}\r\n${body}`
}

export function rawPost(body: string, headers: Record<string, string> = {}): string {
  return rawRequest('POST', '/mcp', { ...mcpHeaders, ...headers }, body)
}
