import type { Mode } from '../domain/decision.js'
import type { PolicySource, PolicyState } from '../domain/ports.js'
import type { Readiness } from './ops-routes.js'

export interface ReadinessParts {
  readonly mode: Mode
  readonly failMode: 'open' | 'closed'
  readonly policies: PolicySource
  readonly supply: () => Supply | undefined
  readonly notices: readonly string[]
  readonly version: string
}

/** How the supply of policy goes, as its loader tells it. */
export interface Supply {
  readonly source: string
  readonly lastSuccess: number | undefined
  readonly lastError:
    { readonly time: number; readonly fault: string; readonly message: string } | undefined
}

/** Whether this gateway should be sent traffic, and everything that an operator should see of its policy. */
export function createReadiness(parts: ReadinessParts): {
  report(): Readiness
  /** From here on it is not ready. */
  stop(): void
} {
  let stopping = false
  return {
    report: () => {
      const state = parts.policies.current()
      return {
        ready: !stopping && governs(state, parts),
        report: {
          version: parts.version,
          mode: parts.mode,
          ...(stopping ? { stopping } : {}),
          policy: { ...described(state), ...supplied(parts.supply()) },
          notices: parts.notices,
        },
      }
    },
    stop: () => {
      stopping = true
    },
  }
}

function governs(state: PolicyState, { mode, failMode }: ReadinessParts): boolean {
  if (mode !== 'enforce' || state.state === 'active') return true
  return state.state === 'absent' && failMode === 'open'
}

function described(state: PolicyState): Record<string, unknown> {
  switch (state.state) {
    case 'active':
      return {
        state: 'active',
        revision: state.policy.revision,
        bundle_digest: state.policy.digest,
      }
    case 'absent':
      return { state: 'absent', message: state.message }
    case 'refused':
      return { state: 'refused', fault: state.fault, message: state.message }
  }
}

function supplied(supply: Supply | undefined): Record<string, unknown> {
  if (supply === undefined) return {}
  const { source, lastSuccess, lastError } = supply
  return {
    source,
    last_success: lastSuccess === undefined ? null : new Date(lastSuccess).toISOString(),
    last_error:
      lastError === undefined
        ? null
        : { ...lastError, time: new Date(lastError.time).toISOString() },
  }
}
