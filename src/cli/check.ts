import { checkDigest } from '../bundles/hash.js'
import { createDiskSource } from '../bundles/disk-source.js'
import { createHttpSource } from '../bundles/http-source.js'
import { readArchive } from '../bundles/archive.js'
import { PolicySupplyError } from '../domain/errors.js'
import { reportOn } from './bundle-file.js'
import { parseCommandLine } from './command.js'
import {
  gatewayDetails,
  gatewayOptions,
  loadGatewayConfig,
  reportFaults,
} from './gateway-options.js'
import { checkUpstreams } from './check-upstreams.js'
import type { BundleSource } from '../bundles/source.js'
import type { BundleConfig, PolicyConfig } from '../config/config.js'
import type { Command } from './command.js'
import type { Finding } from './finding.js'

export const check: Command = {
  name: 'check',
  summary: 'Check configuration, bundle and upstreams without serving',
  synopsis:
    '[--config FILE] [--upstream URL | --upstreams FILE] [--policy-bundle FILE] [--port N] [--demo]',
  options: gatewayOptions,
  details: gatewayDetails,
  async run(args, { terminal, env }) {
    const { values } = parseCommandLine(args, gatewayOptions, [])
    const loaded = loadGatewayConfig(values as Record<string, string | boolean>, env)
    if (!loaded.ok) {
      reportFaults(loaded.faults, terminal)
      return 78
    }
    const { config } = loaded
    const findings = await Promise.all([checkBundle(config.policy), checkUpstreams(config)])
    const all = [
      ...config.notices.map((text): Finding => ({ type: 'warning', text })),
      ...findings.flat(),
    ]
    for (const { type, text } of all) {
      if (type === 'fine') terminal.out(`${text}\n`)
      else terminal.err(`${type}: ${text}\n`)
    }
    return all.some(({ type }) => type === 'fault') ? 78 : 0
  },
}

async function checkBundle(policy: PolicyConfig): Promise<Finding[]> {
  const { bundle, mode, failMode } = policy
  if (mode === 'off') return [{ type: 'fine', text: 'policy is off: no bundle is read' }]
  const source = sourceOf(bundle)
  if (source === undefined)
    return [
      withoutBundle(policy, 'there is no bundle: set POLICY_BUNDLE_PATH or POLICY_BUNDLE_URL'),
    ]
  try {
    const { revision, entrypoints, warnings } = await reportOn(await fetchBundle(source, bundle))
    const text = `bundle ${source.name} is fine: revision ${revision}, ${entrypoints.join(', ')}; mode ${mode}, without a bundle ${failMode}`
    return [
      { type: 'fine', text },
      ...warnings.map((warning): Finding => ({ type: 'warning', text: warning })),
    ]
  } catch (error) {
    if (!(error instanceof PolicySupplyError)) throw error
    if (error.fault === 'absent') return [withoutBundle(policy, error.message)]
    return [{ type: 'fault', text: error.message }]
  } finally {
    await source.close()
  }
}

function withoutBundle({ mode, failMode }: PolicyConfig, text: string): Finding {
  const isFault = mode === 'enforce' && failMode === 'closed'
  const consequence = isFault ? 'every call would be refused' : 'every call would pass'
  return { type: isFault ? 'fault' : 'warning', text: `${text} (${mode}: ${consequence})` }
}

function sourceOf({ source, maxBytes }: BundleConfig): BundleSource | undefined {
  switch (source.type) {
    case 'none':
      return undefined
    case 'disk':
      return createDiskSource({ path: source.path, maxBytes })
    case 'http':
      return createHttpSource({ url: source.url, token: source.token, maxBytes, pollSec: 0 })
  }
}

async function fetchBundle(source: BundleSource, { sha256, maxBytes }: BundleConfig) {
  const fetched = await source.fetch(AbortSignal.timeout(30_000))
  if (fetched.type === 'unchanged') {
    throw new PolicySupplyError(
      'absent',
      `${source.name} gave no bundle though none was there before`,
    )
  }
  if (sha256 !== undefined) checkDigest(fetched.bytes, sha256)
  return readArchive(fetched.bytes, { maxBytes })
}
