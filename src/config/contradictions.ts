import type { ConfiguredTool } from '../catalog/configured-tools.js'
import { isLoopbackHost } from './addresses.js'
import type { Resolved } from './resolve.js'
import type { Server } from './server.js'
import { supplyFaults } from './supply-faults.js'
import type { Supply } from './supply.js'
import { upstreamFaults } from './upstream-faults.js'

/** Settings that are fine one by one and cannot hold together. */
export function contradictions(resolved: Resolved, around: Around): readonly string[] {
  return [
    ...listening(resolved),
    ...upstreamFaults(resolved, around),
    ...callers(resolved),
    ...supplyFaults(resolved, around.supply),
    ...decisionLog(resolved),
  ]
}

/** What counts beside the settings. */
export interface Around {
  readonly demo: boolean
  /** Those of `UPSTREAMS_FILE`; undefined where there is no such file, or it could not be read. */
  readonly servers: readonly Server[] | undefined
  readonly supply: Supply
  /** Those of `TOOLS_FILE`. */
  readonly tools: readonly ConfiguredTool[]
}

/** What cannot hold together under `portcullis stdio`, which has one caller and launches its one upstream. */
export function stdioContradictions(resolved: Resolved, supply: Supply): readonly string[] {
  const { value, isSet, origin } = resolved
  const faults = upstreamSettings
    .filter(isSet)
    .map(
      (name) =>
        `${origin(name)} is set and would not be used: the upstream is the command behind --; remove it, or use "portcullis serve"`,
    )
  if (value('AUTH_MODE').some((mode) => mode !== 'none')) {
    faults.push(
      `${origin('AUTH_MODE')} has ${value('AUTH_MODE').join(', ')}, and on stdio nobody proves who calls: remove it, and say who it is with --user-context`,
    )
  }
  if (isSet('DECISION_LOG') && value('DECISION_LOG') === 'stdout') {
    faults.push(
      `${origin('DECISION_LOG')} is stdout, where nothing but MCP may be written: give stderr, a file or off`,
    )
  }
  return [...faults, ...supplyFaults(resolved, supply), ...decisionLog(resolved)]
}

const upstreamSettings = [
  'UPSTREAM_URL',
  'UPSTREAMS_FILE',
  'UPSTREAM_AUTH',
  'UPSTREAM_TOKEN',
] as const

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

function decisionLog({ value, isSet, origin }: Resolved): string[] {
  if (value('DECISION_LOG_ARGS') !== 'masked' || isSet('DECISION_LOG_MASK')) return []
  return [
    `${origin('DECISION_LOG_ARGS')} is masked and nothing is named: set DECISION_LOG_MASK to the fields to hide`,
  ]
}
