import { fileURLToPath } from 'node:url'
import { isLoopbackHost } from './addresses.js'
import { stanceOf } from './modes.js'
import { keysOf } from './session-key.js'
import { commandUpstream, upstreamsOf } from './upstreams.js'
import type { Around } from './contradictions.js'
import type { BundleConfig, Config, DecisionLogConfig, StdioConfig } from './config.js'
import type { Environment } from './environment.js'
import type { Resolved } from './resolve.js'

/** Makes the configuration of settings that were checked. `demo` fills in what a first try needs. */
export function assemble(resolved: Resolved, around: Around, replica: string): Config {
  const { value } = resolved
  const sessionKey = value('SESSION_KEY')
  return {
    mcp: {
      host: value('HOST'),
      port: value('PORT'),
      allowedHosts: value('ALLOWED_HOSTS').map((name) => name.toLowerCase()),
      allowedOrigins: (value('ALLOWED_ORIGINS') ?? []).map((origin) => origin.toLowerCase()),
      maxBodyBytes: value('MAX_BODY_BYTES'),
      unknownMethods: value('UNKNOWN_METHODS'),
    },
    ops: { host: value('OPS_HOST'), port: value('OPS_PORT') },
    upstreams: upstreamsOf(resolved, around.servers),
    policy: policyOf(resolved, around.demo),
    identity: identityOf(resolved, around.demo),
    session: { keys: sessionKey === undefined ? [] : (keysOf(sessionKey) ?? []) },
    replica,
    decisionLog: {
      destination: destinationOf(value('DECISION_LOG')),
      args: value('DECISION_LOG_ARGS'),
      mask: value('DECISION_LOG_MASK') ?? [],
      durability: value('DECISION_LOG_DURABILITY'),
    },
    log: { level: value('LOG_LEVEL') },
    shutdownMs: value('SHUTDOWN_TIMEOUT_MS'),
    notices: [...stanceOf(resolved).notices, ...exposures(resolved)],
  }
}

/** The same for `portcullis stdio`: nothing but MCP goes to stdout, and no port is opened that nobody asked for. */
export function assembleStdio(
  resolved: Resolved,
  { server, env }: { readonly server: Launched; readonly env: Environment },
  replica: string,
): StdioConfig {
  const { value, isSet } = resolved
  const config = assemble(resolved, { demo: false, servers: undefined }, replica)
  const destination = destinationOf(isSet('DECISION_LOG') ? value('DECISION_LOG') : 'stderr')
  return {
    ...config,
    upstreams: [commandUpstream(resolved, server, env)],
    ops: isSet('OPS_PORT') ? config.ops : undefined,
    decisionLog: { ...config.decisionLog, destination },
  }
}

/** The program behind `portcullis stdio`, and the name under which policy knows it. */
export interface Launched {
  readonly name: string
  readonly command: readonly [string, ...string[]]
}

function policyOf(resolved: Resolved, demo: boolean): Config['policy'] {
  const { value } = resolved
  const { mode, failMode } = stanceOf(resolved)
  const headers = value('POLICY_INPUT_HEADERS')
  return {
    mode,
    failMode,
    bundle: {
      source: bundleSource(resolved, demo),
      sha256: value('POLICY_BUNDLE_SHA256')?.toLowerCase(),
      maxBytes: value('POLICY_BUNDLE_MAX_BYTES'),
    },
    denyStyle: value('POLICY_DENY_STYLE'),
    denyDetail: value('POLICY_DENY_DETAIL'),
    inputHeaders: headers === 'all' ? headers : headers.map((name) => name.toLowerCase()),
    maxInputBytes: value('POLICY_MAX_INPUT_BYTES'),
  }
}

function bundleSource({ value }: Resolved, demo: boolean): BundleConfig['source'] {
  const path = value('POLICY_BUNDLE_PATH') ?? (demo ? starterBundle : undefined)
  const url = value('POLICY_BUNDLE_URL')
  if (url !== undefined) {
    return {
      type: 'http',
      url,
      pollSec: value('POLICY_POLL_SEC'),
      token: value('POLICY_BUNDLE_TOKEN'),
    }
  }
  return path === undefined ? { type: 'none' } : { type: 'disk', path }
}

const starterBundle = fileURLToPath(new URL('../../bundles/starter.tar.gz', import.meta.url))

function identityOf({ value, isSet }: Resolved, demo: boolean): Config['identity'] {
  const trustedProxies = value('TRUSTED_PROXIES')
  if (demo && !isSet('AUTH_MODE')) {
    return { modes: ['trusted-headers'], trustedProxies: trustedProxies ?? ['127.0.0.1', '::1'] }
  }
  return { modes: [...new Set(value('AUTH_MODE'))], trustedProxies: trustedProxies ?? [] }
}

function destinationOf(name: string): DecisionLogConfig['destination'] {
  return name === 'stdout' || name === 'stderr' || name === 'off'
    ? { type: name }
    : { type: 'file', path: name }
}

/** What may be meant, and is worth a line each time that the gateway starts. */
function exposures(resolved: Resolved): string[] {
  const { value, isSet, origin } = resolved
  const notices = []
  const url = value('POLICY_BUNDLE_URL')
  const { mode, failMode } = stanceOf(resolved)
  if (isSet('POLICY_BUNDLE_SHA256') && mode === 'enforce' && failMode === 'open') {
    notices.push(
      `${origin('POLICY_BUNDLE_SHA256')} demands one bundle, and calls pass while there is none: set POLICY_MODE=enforce or POLICY_FAIL_MODE=closed to refuse them`,
    )
  }
  if (url !== undefined && isOpenToForgery(url) && value('POLICY_BUNDLE_SHA256') === undefined) {
    notices.push(
      `${origin('POLICY_BUNDLE_URL')} is plain http to another machine: whoever can change the traffic can change the policy; use https or POLICY_BUNDLE_SHA256`,
    )
  }
  if (value('TRUSTED_PROXIES')?.some((network) => /\/0+$/.test(network)) === true) {
    notices.push(
      `${origin('TRUSTED_PROXIES')} takes in every address: any caller can name itself; list only the proxies`,
    )
  }
  return notices
}

function isOpenToForgery(url: string): boolean {
  const { protocol, hostname } = new URL(url)
  return protocol === 'http:' && !isLoopbackHost(hostname)
}
