import { createHash } from 'node:crypto'
import type { Bundle, BundleScope, Layer } from '../domain/bundle.js'
import { PolicySupplyError } from '../domain/errors.js'
import type { Policy } from '../domain/ports.js'
import { type Identity, identityOf, type MemberFault, type Offer } from './members.js'
import { hasPolicy, rootConflict } from './mounts.js'
import { asSupplyError } from './offers.js'

export interface AssemblyParts {
  /** Makes one bundle ready to decide, with the data of others mounted beside its own. */
  readonly compile: (
    bundle: Bundle,
    mounted: readonly Buffer[],
    identity: Identity,
  ) => Promise<Policy>
  readonly combine: (set: PolicySetParts) => Policy
}

export interface PolicySetParts {
  readonly members: readonly {
    readonly name: string
    readonly layer: Layer
    readonly scope: BundleScope
    readonly policy: Policy
  }[]
  readonly revision: string
  readonly digest: string
}

/** A whole set of bundles, ready to decide. */
export interface Assembly {
  readonly type: 'assembled'
  readonly offers: readonly Offer[]
  readonly revision: string
  readonly digest: string
  readonly policy: Policy
  /** By the name of the member that has the policy. */
  readonly compiled: ReadonlyMap<string, Compiled>
}

interface Compiled {
  /** Of everything that it was made from. */
  readonly key: string
  readonly policy: Policy
}

export interface Unassembled {
  readonly type: 'unassembled'
  /** One a member whose bundle has a part in it. */
  readonly faults: readonly MemberFault[]
}

/**
 * Makes one policy of all bundles. What is made from the same module and data as in `before` is taken from there. Never
 * rejects.
 */
export async function assemble(
  offers: readonly Offer[],
  before: Assembly | undefined,
  parts: AssemblyParts,
): Promise<Assembly | Unassembled> {
  const conflict = conflictIn(offers)
  if (conflict !== undefined) return conflict
  const identity = identityOf(offers)
  const compiled = await compileAll(offers, identity, before, parts)
  if (compiled.type === 'unassembled') return compiled
  if (compiled.policies.size === 0) return withoutPolicy(offers)
  try {
    const policy = policyOf(offers, compiled.policies, identity, parts)
    return { type: 'assembled', offers, ...identity, policy, compiled: compiled.policies }
  } catch (thrown) {
    return faultOfAll(offers, asSupplyError(thrown))
  }
}

async function compileAll(
  offers: readonly Offer[],
  identity: Identity,
  before: Assembly | undefined,
  parts: AssemblyParts,
): Promise<Unassembled | { readonly type: 'compiled'; readonly policies: Assembly['compiled'] }> {
  const withData = offers.filter(({ bundle }) => !hasPolicy(bundle))
  const withPolicy = offers.filter(({ bundle }) => hasPolicy(bundle))
  const policies = new Map<string, Compiled>()
  for (const offer of withPolicy) {
    const { member, bundle } = offer
    // Rules read no data.
    const mounted = bundle.wasm === undefined ? [] : withData
    // The only policy of a set changes with everything in it, so it is known as the set is.
    const isOnly = withPolicy.length === 1
    const own = isOnly ? identity : bundle
    const key = keyOf([offer, ...(isOnly ? withData : mounted)])
    const known = before?.compiled.get(member.name)
    try {
      const policy =
        known?.key === key
          ? known.policy
          : await parts.compile(bundle, mounted.map(dataOf), {
              revision: own.revision,
              digest: own.digest,
            })
      policies.set(member.name, { key, policy })
    } catch (thrown) {
      return { type: 'unassembled', faults: [faultOf(offer, asSupplyError(thrown))] }
    }
  }
  return { type: 'compiled', policies }
}

function conflictIn(offers: readonly Offer[]): Unassembled | undefined {
  const named = offers.map(({ member, bundle }) => ({ name: member.name, bundle }))
  const conflict = rootConflict(named)
  if (conflict === undefined) return undefined
  const error = new PolicySupplyError('check', conflict.message)
  const faults = offers
    .filter(({ member }) => conflict.between.includes(member.name))
    .map((offer) => faultOf(offer, error))
  return { type: 'unassembled', faults }
}

function withoutPolicy(offers: readonly Offer[]): Unassembled {
  const error = new PolicySupplyError(
    'check',
    `${offers.length === 1 ? 'The bundle has data and no policy' : 'All bundles have data and none has a policy'}: ` +
      'supply one with rules, or with a policy.wasm that has the entrypoint mcp/pre',
  )
  return faultOfAll(offers, error)
}

function faultOfAll(offers: readonly Offer[], error: PolicySupplyError): Unassembled {
  return { type: 'unassembled', faults: offers.map((offer) => faultOf(offer, error)) }
}

function faultOf({ member, bundle }: Offer, error: PolicySupplyError): MemberFault {
  return { member, error, revision: bundle.revision, digest: bundle.digest }
}

function dataOf({ bundle }: Offer): Buffer {
  return bundle.data
}

function keyOf(made: readonly Offer[]): string {
  const digests = made.map(({ bundle }) => bundle.digest)
  return createHash('sha256').update(digests.join(' ')).digest('hex')
}

/** One policy that has a say in every call needs nothing around it. */
function policyOf(
  offers: readonly Offer[],
  compiled: Assembly['compiled'],
  identity: Identity,
  parts: AssemblyParts,
): Policy {
  const members = offers.flatMap(({ member: { name, layer, scope } }) => {
    const policy = compiled.get(name)?.policy
    return policy === undefined ? [] : [{ name, layer, scope, policy }]
  })
  const [only] = members
  if (only !== undefined && members.length === 1 && isEverywhere(only.scope)) return only.policy
  return parts.combine({ members, ...identity })
}

function isEverywhere(scope: BundleScope): boolean {
  return Object.values(scope).every((pattern) => pattern === undefined)
}
