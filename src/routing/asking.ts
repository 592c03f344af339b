import type { HandledCall } from '../domain/answer.js'
import type { Call } from '../domain/call.js'
import { asGatewayError } from '../domain/errors.js'
import type { AnyAnswer } from './answers.js'
import type { Lines } from './lines.js'
import type { Member } from './member.js'

/** One request of a client while it is being answered. */
export interface Asking {
  /** As the client made it. */
  readonly call: Call
  readonly lines: Lines
  /** The calls that it became so far. */
  readonly calls: HandledCall[]
}

/** Sends one call along its server's whole line, and notes what became of it. Never rejects. */
export async function handled(
  { lines, calls }: Asking,
  member: Member,
  call: Call,
): Promise<AnyAnswer> {
  try {
    const done = await member.pipeline.handle(call, lines.line())
    calls.push(...done.calls)
    return done.answer
  } catch (thrown) {
    const error = asGatewayError(thrown)
    const { decisionId = '', revision = '' } = error.detail ?? {}
    calls.push({ call, decisionId, revision })
    return { type: 'refused', error }
  }
}
