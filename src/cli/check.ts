import { parseCommandLine } from './command.js'
import {
  gatewayDetails,
  gatewayOptions,
  loadGatewayConfig,
  reportFaults,
} from './gateway-options.js'
import { checkPolicy } from './check-policy.js'
import { checkUpstreams } from './check-upstreams.js'
import type { Command } from './command.js'
import type { Finding } from './finding.js'

export const check: Command = {
  name: 'check',
  summary: 'Check configuration, bundles, keys and upstreams without serving',
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
    const findings = await Promise.all([checkPolicy(config.policy), checkUpstreams(config)])
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
