import { packageVersion } from '../config/version.js'
import { handshakeWarnings } from '../policy/inspect.js'
import { createPatterns } from '../policy/patterns.js'
import { createSupply } from '../supply.js'
import { createSupplyThread } from '../supply-client.js'
import type { BundleStatus, LoadStatus } from '../bundles/load-status.js'
import type { LoadOutcome } from '../bundles/outcome.js'
import type { PolicyConfig, SupplyConfig } from '../config/config.js'
import type { Policy } from '../domain/ports.js'
import type { RuleWarning } from '../policy/rules/read-rules.js'
import { ruleWarningText } from './bundle-file.js'
import type { Finding } from './finding.js'

/** Loads every bundle, and the candidate, as `serve` would, and keeps nothing of it. */
export async function checkPolicy(policy: PolicyConfig): Promise<Finding[]> {
  const { mode, supply, candidate } = policy
  if (mode === 'off') return [{ type: 'fine', text: 'policy is off: no bundle is read' }]
  const active = checkActive(policy, await load(policy, supply))
  if (candidate === undefined) return active
  return [...active, ...checkCandidate(await load(policy, candidate.supply))]
}

interface Loaded {
  readonly outcome: LoadOutcome
  readonly status: LoadStatus
  /** Undefined where none could be loaded. */
  readonly policy: Policy | undefined
  /** Rules as they lie, instead of bundles. */
  readonly areRules: boolean
  /** About its rules. */
  readonly warnings: readonly RuleWarning[]
}

async function load(
  { maxInputBytes, budgetMs, largeInput }: PolicyConfig,
  config: SupplyConfig,
): Promise<Loaded | undefined> {
  let loaded: Policy | undefined
  const warnings: RuleWarning[] = []
  const thread = createSupplyThread()
  const patterns = createPatterns()
  const loader = createSupply({
    config,
    version: packageVersion(),
    thread,
    policy: {
      limits: { maxInputBytes, budgetMs },
      largeInput,
      patterns,
      classify: () => 'unknown',
    },
    active: {
      activate: (policy) => {
        loaded = policy
      },
      refuse: () => undefined,
      markAbsent: () => undefined,
    },
    report: () => undefined,
    onKeepingFault: () => undefined,
    onRuleWarnings: (found) => warnings.push(...found),
    looksOnly: true,
  })
  try {
    const outcome = await loader?.reload()
    if (loader === undefined || outcome === undefined) return undefined
    const areRules = config.bundles.some(({ source }) => source.type === 'rules')
    return { outcome, status: loader.status(), policy: loaded, areRules, warnings }
  } finally {
    await loader?.close()
    await thread.close()
    await patterns.close()
  }
}

function checkActive(policy: PolicyConfig, loaded: Loaded | undefined): Finding[] {
  if (loaded === undefined) {
    return [
      withoutBundle(
        policy,
        'there is no policy: set POLICY_RULES_PATH, POLICY_BUNDLE_PATH or POLICY_BUNDLE_URL',
      ),
    ]
  }
  const { outcome } = loaded
  const { mode, failMode } = policy
  if (outcome.outcome === 'failed' && outcome.fault === 'absent') {
    return [withoutBundle(policy, outcome.error)]
  }
  return findings(loaded, '', `mode ${mode}, without a bundle ${failMode}`)
}

function checkCandidate(loaded: Loaded | undefined): Finding[] {
  if (loaded === undefined) return []
  const { outcome } = loaded
  if (outcome.outcome === 'failed' && outcome.fault === 'absent') {
    return [{ type: 'warning', text: `candidate: ${outcome.error} (no call is compared)` }]
  }
  return findings(loaded, 'candidate: ', 'it changes nothing')
}

function findings(loaded: Loaded, of: string, stance: string): Finding[] {
  const { outcome, status, policy, areRules, warnings } = loaded
  if (outcome.outcome === 'failed' || policy === undefined) {
    const faults = faultsOf(status)
    const texts = faults.length > 0 ? faults : [outcome.error]
    return texts.map((text) => ({ type: 'fault', text: of + text }))
  }
  return [
    ...status.bundles.map((bundle) => about(bundle, of, areRules)),
    { type: 'fine', text: `${of}policy decides at ${hooksOf(policy)}; ${stance}` },
    ...[...warnings.map(ruleWarningText), ...handshakeWarnings(policy)].map((text): Finding => ({
      type: 'warning',
      text: of + text,
    })),
  ]
}

/** What several bundles share is told once. */
function faultsOf({ bundles }: LoadStatus): readonly string[] {
  const messages = new Set(bundles.flatMap(({ lastError }) => lastError?.message ?? []))
  return Array.from(messages, (message) => {
    const concerned = bundles.filter(({ lastError }) => lastError?.message === message)
    const [first, ...others] = concerned
    const isNamed = bundles.length > 1 && others.length === 0
    return isNamed ? `bundle "${first?.name ?? ''}": ${message}` : message
  })
}

function about(
  { source, inForce, lastError }: BundleStatus,
  of: string,
  areRules: boolean,
): Finding {
  const revision = `revision ${inForce?.revision ?? 'unknown'}`
  if (lastError !== undefined) {
    const instead = `${revision}, kept in POLICY_CACHE_DIR, would be used`
    return { type: 'warning', text: `${of}${lastError.message} (${instead})` }
  }
  if (areRules) return { type: 'fine', text: `${of}rules ${source} are fine: ${revision}` }
  const signer = inForce?.signer
  const signature =
    signer === undefined
      ? 'no verified signature'
      : `signed by "${signer.keyId}" (${signer.algorithm})`
  return { type: 'fine', text: `${of}bundle ${source} is fine: ${revision}, ${signature}` }
}

function hooksOf({ hooks }: Policy): string {
  return (['pre', 'post', 'list'] as const)
    .filter((hook) => hooks[hook])
    .map((hook) => `mcp/${hook}`)
    .join(', ')
}

function withoutBundle({ mode, failMode }: PolicyConfig, text: string): Finding {
  const isFault = mode === 'enforce' && failMode === 'closed'
  const consequence = isFault ? 'every call would be refused' : 'every call would pass'
  return { type: isFault ? 'fault' : 'warning', text: `${text} (${mode}: ${consequence})` }
}
