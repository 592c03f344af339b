import type { Mode } from '../domain/decision.js'
import type { PolicySource, PolicyState } from '../domain/ports.js'
import type { Readiness } from './ops-routes.js'

export interface ReadinessParts {
  readonly mode: Mode
  readonly failMode: 'open' | 'closed'
  readonly policies: PolicySource
  readonly supply: () => Supply | undefined
  /** The policy on trial, where one is configured. It has no say in whether this gateway is ready. */
  readonly candidate:
    { readonly policies: PolicySource; readonly supply: () => Supply | undefined } | undefined
  readonly notices: readonly string[]
  readonly version: string
}

/** How the supply of policy goes, as its loader tells it. Times are milliseconds since the epoch. */
export interface Supply {
  readonly lastSuccess: number | undefined
  readonly lastError: SupplyError | undefined
  readonly bundles: readonly SuppliedBundle[]
}

export interface SuppliedBundle {
  readonly name: string
  /** A path, or an address without credentials. */
  readonly source: string
  readonly inForce:
    | {
        readonly revision: string
        readonly digest: string
        readonly signer: { readonly keyId: string; readonly algorithm: string } | undefined
        readonly origin: 'source' | 'cache'
      }
    | undefined
  readonly lastSuccess: number | undefined
  readonly lastError: SupplyError | undefined
}

export interface SupplyError {
  readonly time: number
  readonly fault: string
  readonly message: string
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
          ...(parts.candidate === undefined ? {} : { candidate: trial(parts.candidate) }),
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

function trial({ policies, supply }: NonNullable<ReadinessParts['candidate']>): object {
  return { ...described(policies.current()), ...supplied(supply()) }
}

function supplied(supply: Supply | undefined): Record<string, unknown> {
  if (supply === undefined) return {}
  const { bundles, lastSuccess, lastError } = supply
  return {
    source: bundles.map(({ source }) => source).join(', '),
    last_success: timeText(lastSuccess),
    last_error: errorOf(lastError),
    bundles: bundles.map(bundle),
  }
}

function bundle({ name, source, inForce, lastSuccess, lastError }: SuppliedBundle): object {
  const signer = inForce?.signer
  return {
    name,
    source,
    revision: inForce?.revision ?? null,
    digest: inForce?.digest ?? null,
    signer: signer === undefined ? null : { key_id: signer.keyId, algorithm: signer.algorithm },
    from_cache: inForce?.origin === 'cache',
    last_success: timeText(lastSuccess),
    last_error: errorOf(lastError),
  }
}

function errorOf(error: SupplyError | undefined): object | null {
  if (error === undefined) return null
  const { time, fault, message } = error
  return { fault, message, time: timeText(time) }
}

function timeText(time: number | undefined): string | null {
  return time === undefined ? null : new Date(time).toISOString()
}
