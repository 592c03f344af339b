import { createHash } from 'node:crypto'
import type { Answer, HandledCall, RefusedAnswer } from '../domain/answer.js'
import type { Call } from '../domain/call.js'
import type { CallResult } from '../domain/entry.js'
import { asGatewayError, GatewayError } from '../domain/errors.js'
import type { HangUp } from '../domain/hang-up.js'
import { isJsonObject } from '../domain/json.js'
import type { Pipeline } from '../domain/ports.js'
import { refuseInBand, wire, type Refused, type Telling } from '../wire/refusal.js'
import { readMessages } from './messages.js'
import type { Output } from './output.js'

export interface ConductParts {
  readonly pipeline: Pipeline
  readonly output: Output
  readonly telling: Telling
  readonly events: ConductEvents
  /** The call went on, or never will. */
  readonly passed: (call: Call) => void
  /** The revision that the server chose in its answer to `initialize`. */
  readonly agreed: (protocol: string) => void
}

export interface ConductEvents {
  /** A call has ended, however it ended. */
  ended(handled: HandledCall, result: CallResult): void
  /** A message was refused before it was a call. */
  requestRefused(error: GatewayError, status: number): void
}

/** A call from its message to its last line. A request gets an answer unless its caller is gone. Never rejects. */
export async function conduct(
  call: Call,
  asked: Refused,
  hangUp: HangUp,
  parts: ConductParts,
): Promise<void> {
  const started = performance.now()
  const told = createTold(parts.output)
  let calls: readonly HandledCall[] = []
  let end: CallResult['end'] = 'completed'
  try {
    const handled = await parts.pipeline.handle(call, hangUp)
    calls = handled.calls
    parts.passed(call)
    await tell(handled.answer, call, hangUp, told, parts)
  } catch (thrown) {
    parts.passed(call)
    const error = asGatewayError(thrown)
    end = told.bytes > 0 ? 'upstream_failed' : 'refused'
    if (calls.length === 0) calls = [{ call, ...(error.detail ?? undecided) }]
    noteFailure(error, parts)
    // Nothing answers a notification, and what is refused of a server's answer was told to the server.
    const isAwaited = call.message.form === 'request' && !hangUp.happened
    if (isAwaited) await told.write(refuseInBand(error, asked, parts.telling))
  }
  if (hangUp.happened || parts.output.isGone) end = 'client_closed'
  const latencyMs = performance.now() - started
  const result = { status: inBand, digest: told.digest(), bytes: told.bytes, latencyMs, end }
  for (const handled of calls) parts.events.ended(handled, result)
}

const undecided = { decisionId: '', revision: '' }

/** There is no status on a pipe: records have the one that an answer in-band has over HTTP. */
export const inBand = 200

function noteFailure(error: GatewayError, { events }: ConductParts): void {
  const isOurs = wire[error.code].fault === 'protocol' || error.code === 'internal'
  if (isOurs) events.requestRefused(error, inBand)
}

/** @throws GatewayError a refusal, or the upstream's failure */
async function tell(
  answer: Answer | RefusedAnswer,
  call: Call,
  hangUp: HangUp,
  told: Told,
  parts: ConductParts,
): Promise<void> {
  if (answer.type === 'refused') throw answer.error
  if (call.message.form !== 'request') {
    if (answer.type === 'piped') answer.chunks.cancel()
    return
  }
  const write = async (message: Buffer): Promise<void> => {
    // A stream that is cut off ends with an error; hosts that leave break over lines that come after.
    if (hangUp.happened) return
    if (call.operation.kind === 'initialize') noteAgreement(message, parts)
    await told.write(message)
  }
  switch (answer.type) {
    case 'piped':
      return readMessages(answer, write)
    case 'whole':
      if (answer.text.length > 0) return write(answer.text)
      break
    case 'accepted':
  }
  throw new GatewayError('upstream_invalid', 'The server gave no answer to this request')
}

function noteAgreement(message: Buffer, { agreed }: ConductParts): void {
  try {
    const { result } = JSON.parse(message.toString('utf8')) as { readonly result?: unknown }
    const chosen = isJsonObject(result) ? result['protocolVersion'] : undefined
    if (typeof chosen === 'string') agreed(chosen)
  } catch {
    // What is no JSON agrees to nothing.
  }
}

/** What the host was told of one call, for the outcome record. */
interface Told {
  readonly bytes: number
  write(message: Buffer): Promise<void>
  digest(): string
}

function createTold(output: Output): Told {
  const hash = createHash('sha256')
  let bytes = 0
  return {
    get bytes() {
      return bytes
    },
    write: (message) => {
      hash.update(message)
      bytes += message.length
      return output.write(message)
    },
    digest: () => hash.digest('hex'),
  }
}
