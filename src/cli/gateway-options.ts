import { readFileSync } from 'node:fs'
import { loadConfig } from '../config/load.js'
import { plainText, settingsHelp } from '../config/reference.js'
import { settingNames, settingOf } from '../config/settings.js'
import type { Environment } from '../config/environment.js'
import type { Flags } from '../config/flags.js'
import type { Loaded } from '../config/load.js'
import type { Option, Options, Terminal } from './command.js'

/** The flags of commands that read the configuration of a gateway. */
export const gatewayOptions: Options = {
  config: {
    type: 'string',
    value: 'FILE',
    help: 'Config file, YAML or JSON (PORTCULLIS_CONFIG)',
  },
  demo: {
    type: 'boolean',
    help: 'Try it out: the built-in MCP server and the starter bundle, where nothing else is set',
  },
  ...Object.fromEntries(settingNames.flatMap(settingFlag)),
}

export const gatewayDetails = [
  'Flags come before the environment, the environment before the config file. All settings, by their',
  'names in the environment:',
  '',
  settingsHelp(),
].join('\n')

export function loadGatewayConfig(flags: Flags, env: Environment): Loaded {
  return loadConfig({ flags, env, readFile: (path) => readFileSync(path, 'utf8') })
}

export function reportFaults(faults: readonly string[], terminal: Terminal): void {
  const count = faults.length === 1 ? 'one fault' : `${faults.length} faults`
  const lines = faults.map((fault) => `  - ${fault}`)
  terminal.err([`portcullis: the configuration has ${count}:`, ...lines, ''].join('\n'))
}

function settingFlag(name: (typeof settingNames)[number]): [string, Option][] {
  const { flag, help } = settingOf(name)
  if (flag === undefined) return []
  return [[flag, { type: 'string', value: 'VALUE', help: `${plainText(help)} (${name})` }]]
}
