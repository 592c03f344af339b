import { readFileSync } from 'node:fs'
import { loadStdioConfig } from '../config/load.js'
import { isServerName } from '../config/server-members.js'
import { CommandError, parseCommandLine } from './command.js'
import { gatewayDetails, gatewayOptions, reportFaults } from './gateway-options.js'
import { readUserContext } from './user-context.js'
import type { StdioConfig } from '../config/config.js'
import type { Principal } from '../domain/principal.js'
import type { StdioEnd } from '../gateway.js'
import type { Command, ExitCode, Options, Surroundings } from './command.js'

const options: Options = {
  ...Object.fromEntries(
    ['config', 'policy-bundle', 'policy-mode', 'decision-log', 'log-level', 'ops-port'].flatMap(
      (name) => {
        const option = gatewayOptions[name]
        return option === undefined ? [] : [[name, option]]
      },
    ),
  ),
  server: {
    type: 'string',
    value: 'NAME',
    help: 'What policy calls the server; by default "default"',
  },
  'user-context': {
    type: 'string',
    value: 'JSON|@FILE',
    help: 'Who the user is: {"id", "roles", "teams", "claims"}; other members are claims too',
  },
}

export const stdio: Command = {
  name: 'stdio',
  summary: 'Run the gateway between a desktop host and the server that it launches',
  synopsis:
    '[--config FILE] [--policy-bundle FILE] [--user-context JSON|@FILE] [--server NAME] -- COMMAND…',
  options,
  details: [
    'COMMAND is run as it stands, never through a shell, with the environment of this process less the',
    'secrets of the gateway. stdout carries nothing but MCP: decisions go to stderr unless DECISION_LOG says',
    'otherwise, and no port is opened unless OPS_PORT is set. Exit code 0 when the host closes stdin, 1 when',
    'the server fails.',
    '',
    gatewayDetails,
  ].join('\n'),
  async run(args, { terminal, env, signals, openStdio }) {
    const { own, command } = splitCommand(args)
    const { values } = parseCommandLine(own, options, [])
    const flags = values as Record<string, string | undefined>
    const { server = 'default', 'user-context': given, ...settings } = flags
    if (!isServerName(server)) throw new CommandError(2, `--server ${server} cannot be a name`)
    const principal = readUserContext(given)
    const readFile = (path: string): string => readFileSync(path, 'utf8')
    const loaded = loadStdioConfig({ flags: settings, env, readFile }, { name: server, command })
    if (!loaded.ok) {
      reportFaults(loaded.faults, terminal)
      return 78
    }
    return relayUntilEnd(loaded.config, principal, { terminal, signals, openStdio })
  },
}

function splitCommand(args: readonly string[]): {
  own: readonly string[]
  command: readonly [string, ...string[]]
} {
  const end = args.indexOf('--')
  const [program, ...rest] = end === -1 ? [] : args.slice(end + 1)
  if (program === undefined || program === '') {
    throw new CommandError(
      2,
      'The command of the server is missing; write it behind --, such as "-- npx some-server"',
    )
  }
  return { own: args.slice(0, end), command: [program, ...rest] }
}

async function relayUntilEnd(
  config: StdioConfig,
  principal: Principal,
  { terminal, signals, openStdio }: Pick<Surroundings, 'terminal' | 'signals' | 'openStdio'>,
): Promise<ExitCode> {
  // Other commands need not wait for all of the gateway to load.
  const { startStdio } = await import('../gateway.js')
  const gateway = await startStdio(config, { principal, ...openStdio() })
  const reload = (): void => void gateway.reload()
  const stop = (): void => gateway.stop()
  signals.on('SIGHUP', reload)
  signals.on('SIGTERM', stop)
  signals.on('SIGINT', stop)
  try {
    const fault = faultOf(await gateway.ended, config)
    if (fault === undefined) return 0
    terminal.err(`portcullis stdio: ${fault}\n`)
    return 1
  } finally {
    signals.off('SIGHUP', reload)
    signals.off('SIGTERM', stop)
    signals.off('SIGINT', stop)
  }
}

function faultOf(end: StdioEnd, { upstreams: [{ target }] }: StdioConfig): string | undefined {
  const program = target.type === 'stdio' ? target.command : ''
  switch (end.type) {
    case 'host_left':
    case 'stopped':
      return undefined
    case 'exited':
      return end.code === 0 ? undefined : `${program} ended with exit code ${end.code}`
    case 'signalled':
      return `${program} was ended by ${end.signal}`
    case 'unstarted':
      return `${program} cannot be started (${codeOf(end.cause)}); give the name or the path of a program behind --`
  }
}

function codeOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  return 'code' in cause ? String(cause.code) : cause.message
}
