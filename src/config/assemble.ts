import type { ConfiguredTool } from '../catalog/configured-tools.js'
import { stanceOf } from './modes.js'
import { policyOf } from './policy.js'
import { keysOf } from './session-key.js'
import { supplyNotices } from './supply-notices.js'
import type { Supply } from './supply.js'
import { commandUpstream, upstreamsOf } from './upstreams.js'
import type { Around } from './contradictions.js'
import type { Config, DecisionLogConfig, StdioConfig } from './config.js'
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
    tools: around.tools,
    policy: policyOf(resolved, around.supply),
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
    notices: [
      ...stanceOf(resolved).notices,
      ...supplyNotices(resolved, around.supply),
      ...exposures(resolved),
    ],
  }
}

/** The same for `portcullis stdio`: nothing but MCP goes to stdout, and no port is opened that nobody asked for. */
export function assembleStdio(
  resolved: Resolved,
  { server, env, supply, tools }: StdioAround,
  replica: string,
): StdioConfig {
  const { value, isSet } = resolved
  const config = assemble(resolved, { demo: false, servers: undefined, supply, tools }, replica)
  const destination = destinationOf(isSet('DECISION_LOG') ? value('DECISION_LOG') : 'stderr')
  return {
    ...config,
    upstreams: [commandUpstream(resolved, server, without(env, supply.secretVariables))],
    ops: isSet('OPS_PORT') ? config.ops : undefined,
    decisionLog: { ...config.decisionLog, destination },
  }
}

export interface StdioAround {
  readonly server: Launched
  readonly env: Environment
  readonly supply: Supply
  readonly tools: readonly ConfiguredTool[]
}

/** The program behind `portcullis stdio`, and the name under which policy knows it. */
export interface Launched {
  readonly name: string
  readonly command: readonly [string, ...string[]]
}

function without(env: Environment, names: readonly string[]): Environment {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !names.includes(name)))
}

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

function exposures({ value, origin }: Resolved): string[] {
  if (value('TRUSTED_PROXIES')?.some((network) => /\/0+$/.test(network)) !== true) return []
  return [
    `${origin('TRUSTED_PROXIES')} takes in every address: any caller can name itself; list only the proxies`,
  ]
}
