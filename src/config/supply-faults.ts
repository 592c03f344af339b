import type { SupplyConfig } from './config.js'
import { stanceOf } from './modes.js'
import type { Resolved } from './resolve.js'
import type { SettingName } from './settings.js'
import type { Supply } from './supply.js'

/** What is wrong with the supply of policy as a whole. */
export function supplyFaults(resolved: Resolved, supply: Supply): string[] {
  return [
    ...sourceFaults(resolved),
    ...rulesFaults(resolved, supply),
    ...unusedFaults(resolved, supply),
    ...trustFaults(resolved, supply),
    ...candidateFaults(resolved, supply),
  ]
}

const sources = [
  'POLICY_BUNDLES_FILE',
  'POLICY_BUNDLE_PATH',
  'POLICY_BUNDLE_URL',
  'POLICY_RULES_PATH',
] as const
const candidates = ['POLICY_CANDIDATE_PATH', 'POLICY_CANDIDATE_URL'] as const

function sourceFaults(resolved: Resolved): string[] {
  const { isSet, origin } = resolved
  const set = sources.filter(isSet)
  if (set.length < 2) return []
  const advice = adviceOn(set)
  return [`${set.map(origin).join(' and ')} are both set: ${advice}`]
}

function adviceOn(set: readonly (typeof sources)[number][]): string {
  if (set.includes('POLICY_RULES_PATH')) {
    return 'rules stand alone there; put them into the bundle with "portcullis policy build", or keep one of them'
  }
  return set.includes('POLICY_BUNDLES_FILE')
    ? 'a single bundle can stand in the file too; keep one of them'
    : 'a bundle has one source; keep one of them'
}

/** Nobody can vouch for files that change as they lie. */
function rulesFaults({ value, isSet, origin }: Resolved, { candidate }: Supply): string[] {
  if (!isSet('POLICY_RULES_PATH')) return []
  const demands = [
    ...(value('POLICY_REQUIRE_SIGNATURE') ? (['POLICY_REQUIRE_SIGNATURE'] as const) : []),
    ...(isSet('POLICY_BUNDLE_SHA256') ? (['POLICY_BUNDLE_SHA256'] as const) : []),
  ]
  const isKeyUseless = isSet('POLICY_VERIFICATION_KEYS') && candidate === undefined
  return [
    ...demands.map(
      (name) =>
        `${origin(name)} demands a bundle, and ${origin('POLICY_RULES_PATH')} names rules that nobody has signed: build them with "portcullis policy build SET -o FILE --sign KEY" and set POLICY_BUNDLE_PATH, or remove one of the two`,
    ),
    ...(isKeyUseless && demands.length === 0
      ? [
          `${origin('POLICY_VERIFICATION_KEYS')} is set and would not be used: ${origin('POLICY_RULES_PATH')} names rules that nobody can sign; remove it, or build a bundle`,
        ]
      : []),
  ]
}

/** Settings that would be without effect, which is not what whoever set them thinks. */
function unusedFaults(resolved: Resolved, { active, candidate }: Supply): string[] {
  const { value, isSet, origin } = resolved
  const faults = []
  const isFile = isSet('POLICY_BUNDLES_FILE')
  const isFetched = isSet('POLICY_BUNDLE_URL') || isSet('POLICY_CANDIDATE_URL')
  if (isSet('POLICY_BUNDLE_TOKEN') && isFile) {
    faults.push(
      `${origin('POLICY_BUNDLE_TOKEN')} is for POLICY_BUNDLE_URL: give the bundles of ${origin('POLICY_BUNDLES_FILE')} their own token_file or token_env`,
    )
  } else if (isSet('POLICY_BUNDLE_TOKEN') && !isFetched) {
    faults.push(unused('POLICY_BUNDLE_TOKEN', 'set POLICY_BUNDLE_URL', resolved))
  }
  if (isSet('POLICY_BUNDLE_SHA256') && isFile) {
    faults.push(
      `${origin('POLICY_BUNDLE_SHA256')} is the digest of one bundle: give the bundles of ${origin('POLICY_BUNDLES_FILE')} their own sha256`,
    )
  } else if (isSet('POLICY_BUNDLE_SHA256') && active.bundles.length === 0) {
    faults.push(
      `${origin('POLICY_BUNDLE_SHA256')} is set and there is no bundle: set POLICY_BUNDLE_PATH or POLICY_BUNDLE_URL`,
    )
  }
  for (const name of ['POLICY_BUNDLE_CA', 'POLICY_BUNDLE_LONG_POLL_SEC'] as const) {
    const isUsed = isFetched || isFile || value(name) === 0
    if (isSet(name) && !isUsed) faults.push(unused(name, 'set POLICY_BUNDLE_URL', resolved))
  }
  if (isFetched && value('POLICY_BUNDLE_LONG_POLL_SEC') > 0 && value('POLICY_POLL_SEC') === 0) {
    faults.push(unused('POLICY_BUNDLE_LONG_POLL_SEC', 'give POLICY_POLL_SEC', resolved))
  }
  if (isSet('POLICY_CANDIDATE_SAMPLE') && candidate === undefined) {
    faults.push(unused('POLICY_CANDIDATE_SAMPLE', 'set POLICY_CANDIDATE_PATH', resolved))
  }
  return faults
}

function unused(name: SettingName, advice: string, { origin }: Resolved): string {
  return `${origin(name)} is set and would not be used: ${advice}, or remove it`
}

function trustFaults(resolved: Resolved, { active, candidate }: Supply): string[] {
  const { value, isSet, origin } = resolved
  const faults = []
  // The file says for each of its bundles what lacks keys.
  const needsKeys = !isSet('POLICY_BUNDLES_FILE') || candidate !== undefined
  const areKeysSet = isSet('POLICY_VERIFICATION_KEYS')
  if (value('POLICY_REQUIRE_SIGNATURE') && needsKeys && !areKeysSet) {
    faults.push(
      `${origin('POLICY_REQUIRE_SIGNATURE')} is true and there are no keys to verify signatures with: set POLICY_VERIFICATION_KEYS`,
    )
  }
  if (failsOpen(resolved)) {
    faults.push(
      ...demandsOf(resolved, active).map(
        (demand) =>
          `${demand}, and calls would pass without it: set POLICY_MODE=enforce or POLICY_FAIL_MODE=closed, or remove the demand`,
      ),
    )
  }
  return faults
}

function failsOpen(resolved: Resolved): boolean {
  return stanceOf(resolved).mode !== 'off' && resolved.value('POLICY_FAIL_MODE') === 'open'
}

/** What configuration insists on about the policy, one sentence without its end each. */
export function demandsOf({ value, isSet, origin }: Resolved, active: SupplyConfig): string[] {
  const isSigned = value('POLICY_REQUIRE_SIGNATURE')
  const own = active.bundles.filter(
    ({ sha256, requireSignature }) => sha256 !== undefined || (requireSignature && !isSigned),
  )
  return [
    ...(isSet('POLICY_BUNDLE_SHA256')
      ? [`${origin('POLICY_BUNDLE_SHA256')} demands one bundle`]
      : []),
    ...(isSigned ? [`${origin('POLICY_REQUIRE_SIGNATURE')} demands a signed bundle`] : []),
    ...(isSet('POLICY_BUNDLES_FILE')
      ? own.map(
          ({ name, sha256 }) =>
            `${memberOf(name, origin)} demands ${sha256 === undefined ? 'a signature' : 'one digest'}`,
        )
      : []),
  ]
}

/** How a bundle of the file is called in a fault or a notice. */
export function memberOf(name: string, origin: Resolved['origin']): string {
  return `Bundle ${JSON.stringify(name)} of ${origin('POLICY_BUNDLES_FILE')}`
}

function candidateFaults({ isSet, origin }: Resolved, { active, candidate }: Supply): string[] {
  const set = candidates.filter(isSet)
  if (set.length > 1) {
    return [
      `${set.map(origin).join(' and ')} are both set: a candidate is one bundle; keep one of them`,
    ]
  }
  const isActiveSet = active.bundles.length > 0 || isSet('POLICY_BUNDLES_FILE')
  if (candidate === undefined || isActiveSet) return []
  return set.map(
    (name) =>
      `${origin(name)} is set and there is no policy to compare it with: set POLICY_BUNDLE_PATH, POLICY_BUNDLE_URL or POLICY_RULES_PATH`,
  )
}
