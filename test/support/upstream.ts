import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

/** An MCP server of somebody else's, bytes and all: it keeps what it was sent and answers as the test says. */
export interface RawUpstream {
  readonly url: string
  readonly received: readonly Received[]
  close(): Promise<void>
}

export interface Received {
  readonly method: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

export type Answerer = (received: Received, response: ServerResponse) => void | Promise<void>

export async function startRawUpstream(answer: Answerer): Promise<RawUpstream> {
  const received: Received[] = []
  const server = createServer((request, response) => {
    void (async () => {
      const body = await buffer(request)
      const { method = '', headers } = request
      received.push({ method, headers, body })
      await answer({ method, headers, body }, response)
    })()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    received,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** Answers with exactly this JSON text. */
export function json(text: string | Buffer, status = 200): Answerer {
  return (_received, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(text)
  }
}

/** Answers every request with a result that holds the request itself, as it came. */
export const echo: Answerer = ({ body }, response) => {
  const { id } = JSON.parse(body.toString()) as { id?: unknown }
  if (id === undefined) {
    response.writeHead(202).end()
    return
  }
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(
    `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":{"received":${body.toString()}}}`,
  )
}
