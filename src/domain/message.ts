import type { Span } from './json.js'

/** One JSON-RPC 2.0 message: its exact text, and what was read from it without changing a byte. */
export type Message = RequestMessage | NotificationMessage | ResponseMessage

export interface RequestMessage {
  readonly form: 'request'
  readonly text: Buffer
  /** The `id` as it is spelled in the text: `7`, `"a"`. */
  readonly id: string
  readonly method: string
  readonly params: Params | undefined
  readonly wellFormed: boolean
}

export interface NotificationMessage {
  readonly form: 'notification'
  readonly text: Buffer
  readonly method: string
  readonly params: Params | undefined
  readonly wellFormed: boolean
}

export interface ResponseMessage {
  readonly form: 'response'
  readonly text: Buffer
  /** The `id` as it is spelled in the text; `null` where the text has `null` or none. */
  readonly id: string
  readonly outcome: { readonly type: 'result' | 'error'; readonly span: Span }
  /** The members of the result or error object. */
  readonly members: Members
  readonly wellFormed: boolean
}

export interface Params {
  readonly span: Span
  readonly members: Members
}

/** The members of one object of the text, by decoded key. */
export type Members = ReadonlyMap<string, Member>

export interface Member {
  /** Where the value stands. */
  readonly value: Span
  readonly shape: Shape
  /** The members of the value, where it is an object that was read this far; else empty. */
  readonly members: Members
}

export type Shape = 'object' | 'array' | 'string' | 'number' | 'boolean' | 'null'

/** Who a message is going to. */
export type Direction = 'to_server' | 'to_client'
