import { setTimeout as delay } from 'node:timers/promises'
import type { KeepingFault } from './bundles/keeping.js'
import type { LoadOutcome } from './bundles/outcome.js'
import type { LoadStatus } from './bundles/load-status.js'
import type { PolicyConfig } from './config/config.js'
import type { ReloadEntry } from './domain/entry.js'
import { type ActivePolicy, createActivePolicy } from './policy/active-policy.js'
import type { PolicyParts } from './policy/compile.js'
import { createSupply, type SupplyParts } from './supply.js'
import { createSupplyThread, type SupplyThread } from './supply-client.js'

/** The policy in force, and the one on trial beside it, each with a supply of its own. */
export interface Supplies {
  readonly policies: ActivePolicy
  /** Undefined where none is configured. */
  readonly candidate: ActivePolicy | undefined
  /** Resolves when policy was looked for. */
  start(): Promise<void>
  /** Reads everything anew; what fails is told, and the last good policy stays. */
  reload(): Promise<void>
  status(): LoadStatus | undefined
  candidateStatus(): LoadStatus | undefined
  close(): Promise<void>
}

export interface SuppliesParts {
  readonly config: PolicyConfig
  readonly version: string
  /** Undefined: it has one of its own. */
  readonly thread: SupplyThread | undefined
  readonly patterns: PolicyParts['patterns']
  readonly classify: PolicyParts['classify']
  /** Of evaluations by the policy in force. */
  readonly meter: NonNullable<PolicyParts['meter']>
  readonly onRuleError: NonNullable<PolicyParts['onRuleError']>
  /** `cause`: of a failure, for the operator's log only. */
  readonly onReload: (entry: ReloadEntry, status: LoadStatus, cause: unknown) => void
  readonly onCandidateReload: (entry: ReloadEntry, cause: unknown) => void
  readonly onKeepingFault: (fault: KeepingFault) => void
  readonly onRuleWarnings: SupplyParts['onRuleWarnings']
}

export function createSupplies(parts: SuppliesParts): Supplies {
  const { config, version, onKeepingFault, onRuleWarnings } = parts
  const { mode, maxInputBytes, budgetMs, largeInput } = config
  const thread = parts.thread ?? createSupplyThread()
  const { patterns, classify, meter, onRuleError } = parts
  const policy = { limits: { maxInputBytes, budgetMs }, largeInput, patterns, classify }
  const shared = { version, thread, onKeepingFault, onRuleWarnings }

  const policies = createActivePolicy()
  const active = supplyUnlessOff({
    ...shared,
    config: config.supply,
    policy: { ...policy, meter, onRuleError },
    active: policies,
    report: (outcome, status) => {
      parts.onReload(entryOf(outcome), status, causeOf(outcome))
    },
  })
  if (mode === 'off') policies.markAbsent('Policy is switched off')
  else if (active === undefined) policies.markAbsent(noBundle)

  const trial = trialOf(config)
  const candidate = trial === undefined ? undefined : createActivePolicy()
  const onTrial =
    trial === undefined || candidate === undefined
      ? undefined
      : supplyUnlessOff({
          ...shared,
          config: trial.supply,
          policy,
          active: candidate,
          report: (outcome) => {
            parts.onCandidateReload(entryOf(outcome), causeOf(outcome))
          },
        })

  function supplyUnlessOff(supply: SupplyParts): ReturnType<typeof createSupply> {
    return mode === 'off' ? undefined : createSupply(supply)
  }

  return {
    policies,
    candidate,
    async start() {
      // Nobody waits long for a policy that changes nothing.
      const patience = new AbortController()
      const trialled = Promise.race([
        onTrial?.start(),
        delay(candidatePatienceMs, undefined, { signal: patience.signal }).catch(() => undefined),
      ])
      await active?.start()
      await trialled
      patience.abort()
    },
    async reload() {
      await Promise.all([active?.reload(), onTrial?.reload()])
    },
    status: () => active?.status(),
    candidateStatus: () => onTrial?.status(),
    async close() {
      await Promise.all([
        active?.close(),
        onTrial?.close(),
        parts.thread === undefined ? thread.close() : undefined,
      ])
    },
  }
}

function trialOf({ mode, candidate }: PolicyConfig): PolicyConfig['candidate'] {
  return mode === 'off' ? undefined : candidate
}

function entryOf(outcome: LoadOutcome): ReloadEntry {
  const { source, revision, digest, error } = outcome
  const isActivated = outcome.outcome === 'activated'
  return {
    type: 'reload',
    time: Date.now(),
    outcome: outcome.outcome,
    source,
    revision,
    bundleDigest: digest,
    error,
    bundles: isActivated ? outcome.bundles : [],
    rolledBack: isActivated && outcome.older.length > 0,
  }
}

function causeOf(outcome: LoadOutcome): unknown {
  return outcome.outcome === 'failed' ? outcome.cause : undefined
}

const noBundle =
  'No policy is configured: set POLICY_RULES_PATH, POLICY_BUNDLE_PATH or POLICY_BUNDLE_URL'
const candidatePatienceMs = 5_000
