import { createBundleCache, noCache } from './bundles/cache.js'
import type { KeepingFault } from './bundles/keeping.js'
import { createLedger } from './bundles/ledger.js'
import type { Activation } from './bundles/in-force.js'
import { createLoader, type Loader, type LoaderOptions } from './bundles/loader.js'
import type { Member } from './bundles/members.js'
import { createSource } from './bundles/sources.js'
import type { SupplyConfig } from './config/config.js'
import { openPolicy, type PolicyParts } from './policy/compile.js'
import { createPolicySet } from './policy/policy-set.js'
import type { RuleWarning } from './policy/rules/read-rules.js'
import type { SupplyThread } from './supply-client.js'

export interface SupplyParts {
  readonly config: SupplyConfig
  /** Of the gateway, for bundle servers. */
  readonly version: string
  readonly thread: SupplyThread
  readonly policy: Omit<PolicyParts, 'revision' | 'digest' | 'cases'>
  readonly active: Activation
  readonly report: LoaderOptions['report']
  readonly onKeepingFault: (fault: KeepingFault) => void
  /** Told with every load of rules that are worth another look. */
  readonly onRuleWarnings: (warnings: readonly RuleWarning[]) => void
  /** What is kept for a restart is read and never written. */
  readonly looksOnly?: boolean
}

/** Everything between the configured sources and the policy in force; undefined where no bundle is configured. */
export function createSupply(parts: SupplyParts): Loader | undefined {
  const { config, thread, policy, active, report, onKeepingFault } = parts
  const { maxBytes, cacheDir, allowRollback } = config
  if (config.bundles.length === 0) return undefined
  const cache = cacheDir === undefined ? noCache : createBundleCache(cacheDir, maxBytes)
  const ledger = createLedger({ folder: cacheDir, allowRollback })
  return createLoader({
    members: membersOf(parts),
    maxBytes,
    open: (archive, terms, known) => thread.open(archive, terms, known),
    compile: async (bundle, mounted, identity) => {
      const prepared = await thread.prepare(bundle, mounted, policy.limits)
      const opened = await openPolicy(prepared, { ...policy, ...identity })
      if (prepared.ruleWarnings.length > 0) parts.onRuleWarnings(prepared.ruleWarnings)
      return opened
    },
    combine: createPolicySet,
    cache: parts.looksOnly === true ? { ...cache, keep: nothing } : cache,
    ledger: parts.looksOnly === true ? { ...ledger, accept: nothing } : ledger,
    active,
    report,
    onKeepingFault,
    now: Date.now,
  })
}

const nothing = (): Promise<void> => Promise.resolve()

function membersOf({ config, version }: SupplyParts): readonly Member[] {
  const { maxBytes } = config
  return config.bundles.map(({ name, layer, scope, source, sha256, keys, requireSignature }) => ({
    name,
    layer,
    scope,
    source: createSource(source, { maxBytes, version }),
    trust: {
      ...{ sha256, keys, requireSignature },
      layout: source.type === 'rules' ? ('rules' as const) : ('bundle' as const),
    },
  }))
}
