import type { Call } from './call.js'
import type { Span } from './json.js'

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
