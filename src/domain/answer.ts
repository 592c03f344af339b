import type { Call } from './call.js'
import type { GatewayError } from './errors.js'
import type { Chunks } from './reply.js'

/** What the caller gets, short of a refusal. */
export type Answer = WholeAnswer | PipedAnswer | AcceptedAnswer

export interface WholeAnswer {
  readonly type: 'whole'
  readonly status: number
  readonly headers: readonly (readonly [string, string])[]
  readonly text: Buffer
}

export interface PipedAnswer {
  readonly type: 'piped'
  readonly status: number
  readonly headers: readonly (readonly [string, string])[]
  readonly chunks: Chunks
}

/** 202 without a body: a notification or answer that policy dropped. */
export interface AcceptedAnswer {
  readonly type: 'accepted'
}

/** The call was admitted, and there is nothing to give for it: its result is withheld, or the upstream failed. */
export interface RefusedAnswer {
  readonly type: 'refused'
  readonly error: GatewayError
}

/** An answered request, and what its outcome records refer to. */
export interface Handled {
  /** Before the call was admitted, a refusal is a thrown GatewayError instead. */
  readonly answer: Answer | RefusedAnswer
  /** The calls that it became: one, or one a server where it went to several. Each gets an outcome record. */
  readonly calls: readonly HandledCall[]
}

export interface HandledCall {
  readonly call: Call
  /** The decision before the call was forwarded; '' where none was made. */
  readonly decisionId: string
  readonly revision: string
}
