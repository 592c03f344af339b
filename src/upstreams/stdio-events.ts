/** How a child came to its end. */
export type ChildExit =
  | { readonly type: 'exited'; readonly code: number }
  | { readonly type: 'signalled'; readonly signal: string }
  | { readonly type: 'unstarted'; readonly cause: unknown }

/** Why a message of a child went nowhere. */
export type DroppedMessage =
  /** It answers a request that nobody waits for any more, or that was never made. */
  | 'unknown_id'
  /** It may be about the request of one of several clients, and does not say which. */
  | 'unattributed'
  /** Two parsers could read it differently. */
  | 'ambiguous'
  /** Too much waits for a client that does not listen. */
  | 'overflow'

/** What happens to the children of an upstream, for the operator. `server` is the upstream's name. */
export interface StdioEvents {
  childStarted(server: string, pid: number): void
  /**
   * @param outcome its exit code, or the signal that ended it
   * @param expected whether the gateway ended it
   */
  childEnded(server: string, pid: number, outcome: number | string, expected: boolean): void
  /** A line on stderr, or one on stdout that is no message. At most 2,048 characters, 100 lines a second and child. */
  childSaid(server: string, line: string): void
  messageDropped(server: string, why: DroppedMessage): void
}
