import type { GatewayError } from '../domain/errors.js'
import type { Opened } from './follow.js'

/** What several attempts to open a stream come to, so far. */
export interface Verdict {
  /** Of one server. Only its first word counts. */
  say(server: string, opened: Opened): void
  /** The session is gone, whatever the others say. */
  lose(error: GatewayError): void
  /** Resolves as soon as one stream is open, when all have spoken, or after the longest wait. */
  readonly given: Promise<Given>
}

export type Given = 'open' | 'never' | GatewayError

/**
 * A client waits for its stream's headers before it goes on, so one open stream is enough for it to be open, and a server
 * that withholds its headers does not withhold them for all.
 * @param servers how many will speak; without any there is no stream
 */
export function createVerdict(servers: number, longestWait: Promise<void>): Verdict {
  const spoken = new Map<string, Opened>()
  let give: (verdict: Given) => void = () => undefined
  const given = new Promise<Given>((resolve) => {
    give = resolve
  })
  if (servers === 0) give('never')
  void longestWait.then(() => give('open'))
  return {
    given,
    lose: (error) => give(error),
    say: (server, opened) => {
      if (spoken.has(server)) return
      spoken.set(server, opened)
      if (opened.type === 'open') give('open')
      if (spoken.size < servers) return
      // One that failed is tried again, and may be there before the client is.
      const isTried = [...spoken.values()].some(({ type }) => type === 'failed')
      give(isTried ? 'open' : 'never')
    },
  }
}
