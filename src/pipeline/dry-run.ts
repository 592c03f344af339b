import type { Call } from '../domain/call.js'
import { strictness } from '../domain/decision.js'
import { GatewayError } from '../domain/errors.js'
import type { JsonObject } from '../domain/json.js'
import { payloadOf } from '../domain/payload.js'
import { inputAt } from '../domain/policy-input.js'
import type { Policy } from '../domain/ports.js'
import { opened, verbatim } from '../wire/json-tree.js'
import { foldCase } from '../wire/protocol-keys.js'
import type { Ruled } from './admit.js'
import { policyError } from './judge.js'
import { mergePatch } from './oblige-merge.js'
import { ObligationFault } from './oblige.js'
import { readRoot, writableRoot, writeRoot } from './oblige-root.js'
import type { PipelineParts } from './parts.js'
import { rewritten } from './rewritten-call.js'

/**
 * A call of which a dry run is to be made and whose tool can do that itself: with the argument that configuration names,
 * and judged again as it will be sent. The same object where the gateway answers in the tool's place.
 */
export function askToolForDryRun(ruled: Ruled, policy: Policy, parts: PipelineParts): DryRunRuled {
  const { verdict, sent, described } = ruled
  const { decision } = verdict
  const argument = decision.effect === 'dry_run' ? argumentFor(sent, parts) : undefined
  if (argument === undefined) return ruled
  const asked = withArgument(sent, argument)
  if (asked instanceof Error) {
    const reason = `dry run: the message can no longer be sent: ${asked.message}`
    const refused = policyError(decision, 'obligation', reason)
    return { verdict: { ...verdict, decision: refused }, sent: described.call, described }
  }
  const again = policy.evaluate(inputAt(parts.describe(asked), { hook: 'pre', time: parts.now() }))
  return strictness[again.effect] > strictness.dry_run
    ? { verdict: { ...verdict, decision: again }, sent: described.call, described }
    : { verdict, sent: asked, described, argument }
}

export interface DryRunRuled extends Ruled {
  /** The argument that has the tool itself make the dry run. */
  readonly argument?: string
}

function argumentFor({ message, operation, server }: Call, parts: PipelineParts) {
  const isCall = message.form === 'request' && operation.type === 'tool'
  return isCall ? parts.dryRunArgumentOf(server, operation.name) : undefined
}

/** Whatever the caller says of it is overwritten, also under a name that a server could take for it. */
function withArgument(call: Call, argument: string): Call | Error {
  const { text } = call.message
  const root = writableRoot(call)
  try {
    const source = readRoot(text, root)
    const value = { ...withoutVariants(source, argument), [argument]: true }
    const edited = mergePatch(source, { type: 'merge', root: 'args', value }, root.name)
    return rewritten(call, writeRoot(text, root, edited.text))
  } catch (thrown) {
    if (thrown instanceof ObligationFault || thrown instanceof GatewayError) return thrown
    throw thrown
  }
}

/** A merge patch that removes what a decoder that folds case reads as the argument. */
function withoutVariants(source: string, argument: string): JsonObject {
  const args = opened(verbatim(source))
  const keys = args.form === 'object' ? args.members.map(({ key }) => key) : []
  const variants = keys.filter((key) => key !== argument && foldCase(key) === foldCase(argument))
  return Object.fromEntries(variants.map((key) => [key, null]))
}

/** JSON of what a caller is told of a dry run: what was, or would have been, sent. */
export function dryRunNote(
  sent: Call,
  said: { readonly decisionId: string; readonly reason: string },
  argument: string | undefined,
): string {
  const { decisionId, reason } = said
  const { kind } = sent.operation
  const named = argument === undefined ? '' : `,"argument":${JSON.stringify(argument)}`
  return (
    `{"decision_id":${JSON.stringify(decisionId)},"reason":${JSON.stringify(reason)}` +
    `,"kind":${JSON.stringify(kind)},"forwarded":${argument !== undefined}${named},"args":${sentText(sent)}}`
  )
}

/** The arguments, or the params of other methods, in their own text. */
export function sentText(sent: Call): string {
  const { text, span } = payloadOf(sent)
  return span === undefined ? '{}' : text.toString('utf8', span.start, span.end)
}
