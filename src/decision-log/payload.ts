import type { Call } from '../domain/call.js'
import type { Span } from '../domain/json.js'
import { canonicalDigest } from '../wire/canonical.js'

/** What a call carries: its arguments, the params of other methods, the result or error of an answer. */
export interface Payload {
  readonly text: Buffer
  /** Undefined where the call carries nothing. */
  readonly span: Span | undefined
}

export function payloadOf({ message, operation }: Call): Payload {
  const { text } = message
  if (message.form === 'response') return { text, span: message.outcome.span }
  switch (operation.type) {
    case 'tool':
    case 'prompt':
      return { text, span: operation.args }
    case 'resource':
    case 'other':
      return { text, span: message.params?.span }
  }
}

/** Too long to be digested before the call is forwarded: its digests stand in the outcome line. */
export function isLong({ span }: Payload): boolean {
  return span !== undefined && span.end - span.start > longBytes
}

export function digestOf({ text, span }: Payload): string {
  return span === undefined ? canonicalDigest(undefined) : canonicalDigest(text, span)
}

const longBytes = 16 * 1024
