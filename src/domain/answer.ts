import type { Chunks } from './reply.js'

/** What the caller gets, short of a refusal (which is a thrown GatewayError). */
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

/** An answered call, and what its outcome record refers to. */
export interface Handled {
  readonly answer: Answer
  /** The decision before the call was forwarded; '' where none was made. */
  readonly decisionId: string
  readonly revision: string
}
