import { fileURLToPath } from 'node:url'
import type { BundleLocation } from '../bundles/sources.js'
import type { HttpDefaults } from './bundle-entry.js'
import { candidateName, readBundles, type BundleSet } from './bundles-file.js'
import { readCertificates } from './certificates.js'
import type { BundleConfig, CandidateConfig, SupplyConfig } from './config.js'
import type { Environment } from './environment.js'
import type { CheckFolder } from './folder.js'
import type { ReadFile } from './given.js'
import type { Resolved } from './resolve.js'
import { readKeys } from './verification-keys.js'

/** Where policy comes from, with everything read that it names. */
export interface Supply {
  readonly active: SupplyConfig
  readonly candidate: CandidateConfig | undefined
  /** Variables of the environment that hold tokens of bundle servers. */
  readonly secretVariables: readonly string[]
  readonly faults: readonly string[]
}

export interface SupplySurroundings {
  readonly demo: boolean
  readonly env: Environment
  readonly readFile: ReadFile
  readonly checkFolder: CheckFolder
}

/** Reads keys, certificates and the list of bundles, and finds every fault in them at once. */
export function readSupply(resolved: Resolved, around: SupplySurroundings): Supply {
  const { value } = resolved
  const faults = [...cacheFaults(resolved, around)]
  const trust = readTrust(resolved, around.readFile)
  const set = readSet(resolved, trust, around)
  faults.push(...trust.faults, ...set.faults)
  const shared = {
    maxBytes: value('POLICY_BUNDLE_MAX_BYTES'),
    cacheDir: value('POLICY_CACHE_DIR'),
    allowRollback: value('POLICY_ALLOW_ROLLBACK'),
  }
  const candidate = candidateOf(resolved, trust)
  return {
    active: { bundles: set.bundles, ...shared },
    candidate: candidate && {
      supply: { bundles: [candidate], ...shared },
      sample: value('POLICY_CANDIDATE_SAMPLE'),
    },
    secretVariables: set.secretVariables,
    faults,
  }
}

function cacheFaults({ value, origin }: Resolved, { checkFolder }: SupplySurroundings): string[] {
  const path = value('POLICY_CACHE_DIR')
  const fault = path === undefined ? undefined : checkFolder(path)
  if (fault === undefined) return []
  return [
    `${origin('POLICY_CACHE_DIR')} is ${JSON.stringify(path)}, which ${fault}: give a folder that the gateway may write to, and that nobody else may`,
  ]
}

interface Trust extends HttpDefaults, Pick<BundleConfig, 'keys' | 'requireSignature'> {
  readonly faults: readonly string[]
}

function readTrust({ value, origin }: Resolved, readFile: ReadFile): Trust {
  const written = value('POLICY_VERIFICATION_KEYS') ?? []
  const read = readKeys(written, origin('POLICY_VERIFICATION_KEYS'), readFile)
  const path = value('POLICY_BUNDLE_CA')
  const ca = path === undefined ? undefined : readCertificates(path, readFile)
  const isBroken = ca !== undefined && 'fault' in ca
  return {
    keys: read.keys,
    requireSignature: value('POLICY_REQUIRE_SIGNATURE'),
    pollSec: value('POLICY_POLL_SEC'),
    longPollSec: value('POLICY_BUNDLE_LONG_POLL_SEC'),
    ca: isBroken ? undefined : ca?.pem,
    faults: isBroken ? [...read.faults, `${origin('POLICY_BUNDLE_CA')} ${ca.fault}`] : read.faults,
  }
}

function readSet(resolved: Resolved, defaults: Trust, around: SupplySurroundings): BundleSet {
  const { value } = resolved
  const file = value('POLICY_BUNDLES_FILE')
  if (file !== undefined) return readBundles(file, { ...around, defaults })
  const rules = value('POLICY_RULES_PATH')
  if (rules !== undefined) {
    return { bundles: [unsigned(rules)], secretVariables: [], faults: [] }
  }
  const source = sourceOf(
    {
      path: value('POLICY_BUNDLE_PATH'),
      url: value('POLICY_BUNDLE_URL'),
      token: value('POLICY_BUNDLE_TOKEN'),
    },
    defaults,
  )
  const only = source ?? (around.demo ? starter : undefined)
  const sha256 = value('POLICY_BUNDLE_SHA256')?.toLowerCase()
  const bundles = only === undefined ? [] : [bundleOf('policy', only, sha256, defaults)]
  return { bundles, secretVariables: [], faults: [] }
}

/** Rules as they lie have no archive, so there is nothing that could be signed. */
function unsigned(path: string): BundleConfig {
  const trust = { keys: [], requireSignature: false }
  return bundleOf('rules', { type: 'rules', path }, undefined, trust)
}

const starter: BundleLocation = {
  type: 'disk',
  path: fileURLToPath(new URL('../../bundles/starter.tar.gz', import.meta.url)),
}

function candidateOf({ value }: Resolved, trust: Trust): BundleConfig | undefined {
  const url = value('POLICY_CANDIDATE_URL')
  const isSameServer = sameOrigin(url, value('POLICY_BUNDLE_URL') ?? url)
  const token = isSameServer ? value('POLICY_BUNDLE_TOKEN') : undefined
  const source = sourceOf({ path: value('POLICY_CANDIDATE_PATH'), url, token }, trust)
  return source && bundleOf(candidateName, source, undefined, trust)
}

/** A token is for the server that it was given for. */
export function sameOrigin(one: string | undefined, other: string | undefined): boolean {
  if (one === undefined || other === undefined) return false
  return new URL(one).origin === new URL(other).origin
}

function sourceOf(
  given: { path: string | undefined; url: string | undefined; token: string | undefined },
  { pollSec, longPollSec, ca }: HttpDefaults,
): BundleLocation | undefined {
  const { path, url, token } = given
  if (url !== undefined) return { type: 'http', url, pollSec, longPollSec, token, ca }
  if (path === undefined) return undefined
  return { type: /\.ya?ml$/.test(path) ? 'rules' : 'disk', path }
}

function bundleOf(
  name: string,
  source: BundleLocation,
  sha256: string | undefined,
  { keys, requireSignature }: Pick<BundleConfig, 'keys' | 'requireSignature'>,
): BundleConfig {
  return { name, layer: 'organisation', scope: {}, source, sha256, keys, requireSignature }
}
