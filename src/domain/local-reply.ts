import type { Chunks, Reply, ReplyBody } from './reply.js'

type HeaderList = Reply['headers']

/** A reply with one JSON message, as a server in this process gives it. */
export function jsonReply(text: Buffer, status = 200, headers: HeaderList = []): Reply {
  return {
    status,
    headers: [['content-type', 'application/json'], ...headers],
    form: 'json',
    isReadable: true,
    body: bodyOf(text),
  }
}

/** A reply whose messages come as an event stream. */
export function eventsReply(body: ReplyBody, headers: HeaderList = []): Reply {
  return {
    status: 200,
    headers: [['content-type', 'text/event-stream'], ['cache-control', 'no-cache'], ...headers],
    form: 'events',
    isReadable: true,
    body,
  }
}

/** A status and nothing to say. */
export function emptyReply(status: number, headers: HeaderList = []): Reply {
  return { status, headers, form: 'other', isReadable: true, body: bodyOf(Buffer.alloc(0)) }
}

/** A body that is there already. */
export function bodyOf(text: Buffer): ReplyBody {
  const chunks = chunksOf(text)
  return {
    ...chunks,
    collect: async (maxBytes) =>
      text.length > maxBytes ? undefined : ((await chunks.read()) ?? Buffer.alloc(0)),
  }
}

function chunksOf(text: Buffer): Chunks {
  let rest: Buffer | undefined = text.length === 0 ? undefined : text
  return {
    read: () => {
      const chunk = rest
      rest = undefined
      return Promise.resolve(chunk)
    },
    cancel: () => {
      rest = undefined
    },
  }
}
