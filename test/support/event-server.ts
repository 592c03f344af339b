import type { ServerResponse } from 'node:http'
import type { Answerer, Received } from './upstream.js'

/** An upstream whose event streams the test writes, one for every GET and every request. */
export interface EventServer {
  readonly answer: Answerer
  /** The next stream that was opened and not yet taken. */
  readonly stream: () => Promise<ServerResponse>
  /** The next answer that it got to a request of its own. */
  readonly answered: () => Promise<Received & { readonly json: Record<string, unknown> }>
}

export function createEventServer(headers: Record<string, string> = {}): EventServer {
  const streams = createQueue<ServerResponse>()
  const answers = createQueue<Received & { json: Record<string, unknown> }>()
  return {
    answer: (received, response) => {
      const { method, body } = received
      const json = method === 'POST' ? (JSON.parse(body.toString()) as Record<string, unknown>) : {}
      if (method === 'GET' || ('method' in json && 'id' in json)) {
        response.writeHead(200, { 'content-type': 'text/event-stream', ...headers }).flushHeaders()
        streams.put(response)
        return
      }
      response.writeHead(202).end()
      if (!('method' in json)) answers.put({ ...received, json })
    },
    stream: streams.take,
    answered: answers.take,
  }
}

function createQueue<Item>(): Queue<Item> {
  const items: Item[] = []
  const takers: ((item: Item) => void)[] = []
  return {
    put: (item) => {
      const taker = takers.shift()
      if (taker === undefined) items.push(item)
      else taker(item)
    },
    take: () =>
      new Promise((resolve) => {
        const item = items.shift()
        if (item === undefined) takers.push(resolve)
        else resolve(item)
      }),
  }
}

interface Queue<Item> {
  readonly put: (item: Item) => void
  readonly take: () => Promise<Item>
}

/** What a client reads from an event stream. */
export interface EventReader {
  /** The next event, with its blank line; undefined where the stream has ended. */
  next(): Promise<string | undefined>
  /** The data of the next event, parsed. */
  message(): Promise<unknown>
  cancel(): Promise<void>
}

export function readEvents(reply: Response): EventReader {
  const reader = (reply.body as ReadableStream<Uint8Array>).getReader()
  const decoder = new TextDecoder()
  let text = ''

  const next = async (): Promise<string | undefined> => {
    for (;;) {
      const end = text.indexOf('\n\n')
      if (end !== -1) {
        const event = text.slice(0, end + 2)
        text = text.slice(end + 2)
        return event
      }
      const { done, value } = await reader.read()
      if (done) return undefined
      text += decoder.decode(value, { stream: true })
    }
  }

  return {
    next,
    message: async () => {
      const data = /^data: ?(.*)$/m.exec((await next()) ?? '')?.[1]
      return data === undefined ? undefined : (JSON.parse(data) as unknown)
    },
    cancel: () => reader.cancel(),
  }
}

/** An event as most servers write it. */
export function event(data: string, id?: string): string {
  return `event: message\n${id === undefined ? '' : `id: ${id}\n`}data: ${data}\n\n`
}
