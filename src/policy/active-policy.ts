import type { SupplyFault } from '../domain/errors.js'
import type { Policy, PolicySource, PolicyState } from '../domain/ports.js'

/** The one place where the policy in force changes. */
export interface ActivePolicy extends PolicySource {
  /** What it supersedes is retired when it is superseded too: until then calls end that began under it. */
  activate(policy: Policy): void
  /** A policy is there and cannot be used. Leaves one that is in force alone. */
  refuse(fault: SupplyFault, message: string): void
  /** No policy is there. Leaves one that is in force alone. */
  markAbsent(message: string): void
  /** Whom to tell that another policy is in force. */
  onChange(listener: () => void): void
}

export function createActivePolicy(): ActivePolicy {
  let state: PolicyState = { state: 'absent', message: 'No policy has been loaded yet' }
  const listeners: (() => void)[] = []
  // Calls in flight are decided by the one before, as a rule.
  let previous: Policy | undefined

  // The last good policy stays in force: losing its source must not loosen or end what it decides.
  function unlessActive(next: PolicyState): void {
    if (state.state !== 'active') state = next
  }

  function supersede(policy: Policy): void {
    previous?.retire()
    previous = policy
  }

  return {
    current: () => state,
    activate: (policy) => {
      // In force again: not to be retired for having been superseded before.
      if (previous === policy) previous = undefined
      if (state.state === 'active' && state.policy !== policy) supersede(state.policy)
      state = { state: 'active', policy }
      for (const listener of listeners) listener()
    },
    refuse: (fault, message) => unlessActive({ state: 'refused', fault, message }),
    markAbsent: (message) => unlessActive({ state: 'absent', message }),
    onChange: (listener) => void listeners.push(listener),
  }
}
