/** What an upstream answers: the status and headers as it sent them, and a body that is read as it comes. */
export interface Reply {
  readonly status: number
  /** In the upstream's order; hop-by-hop headers are gone. Names in lower case. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly form: ReplyForm
  /** Whether its bytes are UTF-8 to everybody: neither compressed nor, as its headers have it, in another charset. */
  readonly isReadable: boolean
  readonly body: ReplyBody
}

/** `json` and `events` by media type; `other` is anything else, an empty body included. */
export type ReplyForm = 'json' | 'events' | 'other'

/**
 * Bytes in order, with backpressure: the upstream is paused while nobody reads. One reader, once. Not an async
 * iterable: what an async generator touches outlives every collection of the young generation, and a call costs half
 * as much again.
 */
export interface Chunks {
  /**
   * The next stretch of bytes; undefined at the end.
   * @throws GatewayError where the upstream failed
   */
  read(): Promise<Buffer | undefined>
  /** Ends the exchange: the rest is not wanted. */
  cancel(): void
}

export interface ReplyBody extends Chunks {
  /** The whole body; undefined when it is longer than `maxBytes`, and then all of it can still be read. */
  collect(maxBytes: number): Promise<Buffer | undefined>
}
