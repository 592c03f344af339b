import type { NotificationMessage, RequestMessage } from '../domain/message.js'

export type Unasked = RequestMessage | NotificationMessage

/** Messages of a child for which no stream is open yet, oldest first. At most 100, and 1 MiB. */
export interface Kept {
  add(message: Unasked): void
  takeAll(): Unasked[]
}

export interface KeptParts {
  /** How long a request of the child waits for a stream, milliseconds. */
  readonly patienceMs: number
  /** The message will not be delivered. */
  readonly giveUp: (message: Unasked) => void
}

const maxMessages = 100
const maxBytes = 1024 * 1024

export function createKept({ patienceMs, giveUp }: KeptParts): Kept {
  let waiting: Waiting[] = []
  let bytes = 0

  const remove = (entry: Waiting): void => {
    clearTimeout(entry.timer)
    waiting = waiting.filter((each) => each !== entry)
    bytes -= entry.message.text.length
  }
  const abandon = (entry: Waiting): void => {
    remove(entry)
    giveUp(entry.message)
  }
  /** Notifications go first: nobody waits for an answer to them. */
  const dispensable = (): Waiting | undefined =>
    waiting.find(({ message }) => message.form === 'notification') ?? waiting[0]

  return {
    add(message) {
      const entry: Waiting = { message: ownCopy(message), timer: undefined }
      if (message.form === 'request') {
        entry.timer = setTimeout(() => abandon(entry), patienceMs)
      }
      waiting.push(entry)
      bytes += message.text.length
      while (waiting.length > maxMessages || bytes > maxBytes) {
        const next = dispensable()
        if (next === undefined) return
        abandon(next)
      }
    },
    takeAll() {
      const messages = waiting.map(({ message }) => message)
      for (const { timer } of waiting) clearTimeout(timer)
      waiting = []
      bytes = 0
      return messages
    },
  }
}

interface Waiting {
  readonly message: Unasked
  timer: NodeJS.Timeout | undefined
}

/** Its text is part of a larger chunk, which would wait with it. */
function ownCopy(message: Unasked): Unasked {
  return { ...message, text: Buffer.from(message.text) }
}
