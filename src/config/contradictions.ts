import { isLoopbackHost } from './addresses.js'
import { stanceOf } from './modes.js'
import type { Resolved } from './resolve.js'

/** Settings that are fine one by one and cannot hold together. */
export function contradictions(resolved: Resolved, demo: boolean): readonly string[] {
  return [
    ...listening(resolved),
    ...upstream(resolved, demo),
    ...callers(resolved),
    ...bundle(resolved, demo),
    ...decisionLog(resolved),
  ]
}

function listening({ value, isSet, origin }: Resolved): string[] {
  const faults = []
  if (!isLoopbackHost(value('HOST')) && !isSet('ALLOWED_HOSTS')) {
    faults.push(
      `${origin('HOST')} is ${value('HOST')}, which others can reach: set ALLOWED_HOSTS to the names under which clients call the gateway`,
    )
  }
  if (value('PORT') !== 0 && value('PORT') === value('OPS_PORT')) {
    faults.push(
      `${origin('PORT')} and ${origin('OPS_PORT')} are both ${value('PORT')}: metrics and health are never served where MCP is; give two ports`,
    )
  }
  return faults
}

function upstream({ value, isSet, origin }: Resolved, demo: boolean): string[] {
  const faults = []
  const auth = value('UPSTREAM_AUTH')
  if (!isSet('UPSTREAM_URL') && !demo) {
    faults.push(
      'There is no upstream: set UPSTREAM_URL to the MCP server behind the gateway, or use --demo to try it out',
    )
  }
  if (auth === 'static' && !isSet('UPSTREAM_TOKEN')) {
    faults.push(
      `${origin('UPSTREAM_AUTH')} is static and there is no token: set UPSTREAM_TOKEN or UPSTREAM_TOKEN_FILE`,
    )
  }
  if (auth !== 'static' && isSet('UPSTREAM_TOKEN')) {
    faults.push(
      `${origin('UPSTREAM_TOKEN')} is set and would not be used: set UPSTREAM_AUTH=static, or remove it`,
    )
  }
  return faults
}

function callers({ value, isSet, origin }: Resolved): string[] {
  const faults = []
  const modes = value('AUTH_MODE')
  if (modes.includes('trusted-headers') && !isSet('TRUSTED_PROXIES')) {
    faults.push(
      `${origin('AUTH_MODE')} has trusted-headers: set TRUSTED_PROXIES to the addresses of the proxies that say who calls`,
    )
  }
  if (value('UPSTREAM_AUTH') === 'passthrough' && modes.some((mode) => mode !== 'none')) {
    faults.push(
      `${origin('UPSTREAM_AUTH')} is passthrough, which is possible only with AUTH_MODE=none: use static, or remove AUTH_MODE`,
    )
  }
  return faults
}

function bundle(resolved: Resolved, demo: boolean): string[] {
  const { isSet, origin } = resolved
  const faults = []
  if (isSet('POLICY_BUNDLE_PATH') && isSet('POLICY_BUNDLE_URL')) {
    faults.push(
      `${origin('POLICY_BUNDLE_PATH')} and ${origin('POLICY_BUNDLE_URL')} are both set: a bundle has one source; keep one of them`,
    )
  }
  if (isSet('POLICY_BUNDLE_TOKEN') && !isSet('POLICY_BUNDLE_URL')) {
    faults.push(
      `${origin('POLICY_BUNDLE_TOKEN')} is set and would not be used: set POLICY_BUNDLE_URL, or remove it`,
    )
  }
  const isThere = demo || isSet('POLICY_BUNDLE_PATH') || isSet('POLICY_BUNDLE_URL')
  if (isSet('POLICY_BUNDLE_SHA256') && !isThere) {
    faults.push(
      `${origin('POLICY_BUNDLE_SHA256')} is set and there is no bundle: set POLICY_BUNDLE_PATH or POLICY_BUNDLE_URL`,
    )
  }
  if (isSet('POLICY_BUNDLE_SHA256') && failsOpen(resolved)) {
    faults.push(
      `${origin('POLICY_BUNDLE_SHA256')} demands one bundle, and calls would pass without it: set POLICY_MODE=enforce or POLICY_FAIL_MODE=closed, or remove the digest`,
    )
  }
  return faults
}

function failsOpen(resolved: Resolved): boolean {
  return stanceOf(resolved).mode !== 'off' && resolved.value('POLICY_FAIL_MODE') === 'open'
}

function decisionLog({ value, isSet, origin }: Resolved): string[] {
  if (value('DECISION_LOG_ARGS') !== 'masked' || isSet('DECISION_LOG_MASK')) return []
  return [
    `${origin('DECISION_LOG_ARGS')} is masked and nothing is named: set DECISION_LOG_MASK to the fields to hide`,
  ]
}
