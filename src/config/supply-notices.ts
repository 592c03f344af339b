import { isLoopbackHost } from './addresses.js'
import type { BundleConfig } from './config.js'
import { stanceOf } from './modes.js'
import type { Resolved } from './resolve.js'
import { demandsOf, memberOf } from './supply-faults.js'
import { sameOrigin, type Supply } from './supply.js'

/** What may be meant, and is worth a line each time that the gateway starts. */
export function supplyNotices(resolved: Resolved, supply: Supply): string[] {
  return [
    ...passingNotices(resolved, supply),
    ...trafficNotices(resolved, supply),
    ...signatureNotices(resolved),
  ]
}

function passingNotices(resolved: Resolved, { active }: Supply): string[] {
  const { mode, failMode } = stanceOf(resolved)
  if (mode !== 'enforce' || failMode !== 'open') return []
  return demandsOf(resolved, active).map(
    (demand) =>
      `${demand}, and calls pass while there is none: set POLICY_MODE=enforce or POLICY_FAIL_MODE=closed to refuse them`,
  )
}

function trafficNotices(resolved: Resolved, { active, candidate }: Supply): string[] {
  const { value, isSet, origin } = resolved
  const isFile = isSet('POLICY_BUNDLES_FILE')
  const notices = [
    ...active.bundles.flatMap((bundle) =>
      plainHttp(bundle, isFile ? memberOf(bundle.name, origin) : origin('POLICY_BUNDLE_URL')),
    ),
    ...(candidate?.supply.bundles ?? []).flatMap((bundle) =>
      plainHttp(bundle, origin('POLICY_CANDIDATE_URL')),
    ),
  ]
  const [url, other] = [value('POLICY_BUNDLE_URL'), value('POLICY_CANDIDATE_URL')]
  const areTwo = url !== undefined && other !== undefined && !sameOrigin(url, other)
  if (areTwo && isSet('POLICY_BUNDLE_TOKEN')) {
    notices.push(
      `${origin('POLICY_BUNDLE_TOKEN')} is not sent to ${origin('POLICY_CANDIDATE_URL')}, which is another server than ${origin('POLICY_BUNDLE_URL')}`,
    )
  }
  return notices
}

function plainHttp({ source, sha256, requireSignature }: BundleConfig, name: string): string[] {
  if (source.type !== 'http' || !leavesTheMachine(source.url)) return []
  const notices = []
  if (sha256 === undefined && !requireSignature) {
    notices.push(
      `${name} is plain http to another machine: whoever can change the traffic can change the policy; use https or POLICY_REQUIRE_SIGNATURE`,
    )
  }
  if (source.token !== undefined) {
    notices.push(
      `${name} is plain http to another machine: whoever can read the traffic learns the token of the bundle server; use https`,
    )
  }
  return notices
}

function leavesTheMachine(url: string): boolean {
  const { protocol, hostname } = new URL(url)
  return protocol === 'http:' && !isLoopbackHost(hostname)
}

function signatureNotices({ value, isSet, origin }: Resolved): string[] {
  const notices = []
  const areKeysSet = isSet('POLICY_VERIFICATION_KEYS')
  if (areKeysSet && !value('POLICY_REQUIRE_SIGNATURE') && !isSet('POLICY_BUNDLES_FILE')) {
    notices.push(
      `${origin('POLICY_VERIFICATION_KEYS')} is set, and a bundle without a signature is still accepted: set POLICY_REQUIRE_SIGNATURE=true once bundles are signed`,
    )
  }
  if (value('POLICY_ALLOW_ROLLBACK') && !areKeysSet && !isSet('POLICY_BUNDLES_FILE')) {
    notices.push(
      `${origin('POLICY_ALLOW_ROLLBACK')} is true, and nothing keeps older bundles out where none is signed: set POLICY_VERIFICATION_KEYS, or remove it`,
    )
  }
  return notices
}
