import type { Call } from '../../src/domain/call.js'
import type { Decision, Hook, ListDecision, Shown } from '../../src/domain/decision.js'
import type { BundleScope, Layer } from '../../src/domain/bundle.js'
import type { PolicyInput } from '../../src/domain/policy-input.js'
import type { Policy } from '../../src/domain/ports.js'
import { createPolicySet, type PolicySetMember } from '../../src/policy/policy-set.js'
import { allow, toolCall } from '../support/entries.js'

/** A policy that says the same of everything at the hooks that it has. */
export function saying(
  decision: Decision,
  hooks: readonly Hook[] = ['pre', 'post'],
  names: readonly string[] = [],
): Policy {
  const listed: ListDecision =
    decision.effect === 'deny' ? decision : { ...allow, ...pick(decision), names }
  return {
    revision: decision.revision,
    digest: 'd',
    hooks: {
      pre: hooks.includes('pre'),
      post: hooks.includes('post'),
      list: hooks.includes('list'),
    },
    evaluate: () => decision,
    list: () => listed,
    redacts: () => false,
    retire: () => undefined,
  }
}

function pick({ rules, warnings, labels, trial }: Decision): Partial<Shown> {
  return { rules, warnings, labels, trial }
}

export function member(
  name: string,
  policy: Policy,
  layer: Layer = 'organisation',
  scope: BundleScope = {},
): PolicySetMember {
  return { name, layer, scope, policy }
}

export function setOf(...members: readonly PolicySetMember[]): Policy {
  return createPolicySet({ members, revision: 'set', digest: 'digest-of-set' })
}

export function inputOf(hook: Hook = 'pre', call: Call = toolCall(), document = '{}'): PolicyInput {
  return { hook, call, time: 0, actionClass: 'unknown', document: Buffer.from(document) }
}
