import type { SupplyFault } from '../domain/errors.js'
import type { Policy, PolicySource, PolicyState } from '../domain/ports.js'

/** The one place where the policy in force changes. */
export interface ActivePolicy extends PolicySource {
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

  // The last good policy stays in force: losing its source must not loosen or end what it decides.
  function unlessActive(next: PolicyState): void {
    if (state.state !== 'active') state = next
  }

  return {
    current: () => state,
    activate: (policy) => {
      state = { state: 'active', policy }
      for (const listener of listeners) listener()
    },
    refuse: (fault, message) => unlessActive({ state: 'refused', fault, message }),
    markAbsent: (message) => unlessActive({ state: 'absent', message }),
    onChange: (listener) => void listeners.push(listener),
  }
}
