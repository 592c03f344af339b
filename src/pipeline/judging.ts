import type { Call } from '../domain/call.js'
import type { Policy } from '../domain/ports.js'
import type { Permitted } from './admit.js'
import type { PipelineParts } from './parts.js'

/** A call on whose replies this policy decides. */
export interface Judging extends Permitted {
  readonly policy: Policy
}

export function isJudged(permitted: Permitted): permitted is Judging {
  return permitted.policy !== undefined
}

/** Whether policy has something to say at post of a reply to this call, or of a notification that is this call. */
export function judgesReply(policy: Policy, call: Call): boolean {
  return policy.hooks.post && policy.judgesReplies?.(call) !== false
}

/** The policy that decides about what belongs to no call; undefined while there is none. */
export function policyInForce({ policies }: PipelineParts): Policy | undefined {
  const state = policies.current()
  return state.state === 'active' ? state.policy : undefined
}
