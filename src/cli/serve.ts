import { withoutQuery } from './check-upstreams.js'
import { parseCommandLine } from './command.js'
import {
  gatewayDetails,
  gatewayOptions,
  loadGatewayConfig,
  reportFaults,
} from './gateway-options.js'
import type { Config } from '../config/config.js'
import type { Gateway } from '../gateway.js'
import type { Command, ExitCode, Signals, Terminal } from './command.js'

export const serve: Command = {
  name: 'serve',
  summary: 'Run the gateway',
  synopsis:
    '[--config FILE] [--upstream URL | --upstreams FILE] [--policy-bundle FILE] [--port N] [--demo]',
  options: gatewayOptions,
  details: gatewayDetails,
  async run(args, { terminal, env, signals }) {
    const { values } = parseCommandLine(args, gatewayOptions, [])
    const loaded = loadGatewayConfig(values as Record<string, string | boolean>, env)
    if (!loaded.ok) {
      reportFaults(loaded.faults, terminal)
      return 78
    }
    return serveUntilStopped(loaded.config, signals, terminal)
  },
}

async function serveUntilStopped(
  config: Config,
  signals: Signals,
  terminal: Terminal,
): Promise<ExitCode> {
  const stops = watchStops(signals)
  const running: { gateway?: Gateway } = {}
  const reload = () => {
    running.gateway?.reload().catch((error: unknown) => {
      terminal.err(`portcullis: reload failed: ${messageOf(error)}\n`)
    })
  }
  signals.on('SIGHUP', reload)
  try {
    const starting = loadAndStart(config)
    // Policy may be long in coming. What is let go of with the process needs no closing.
    const started = await Promise.race([starting, stops.first])
    if (started === undefined) {
      starting.catch(() => undefined)
      return 0
    }
    running.gateway = started
    terminal.err(`${greeting(config, running.gateway)}\n`)
    await stops.first
    terminal.err('portcullis: closing; a second signal ends it at once\n')
    return await Promise.race([running.gateway.close().then(() => 0 as const), stops.second])
  } catch (error) {
    terminal.err(`portcullis: ${explainFailure(error)}\n`)
    return 1
  } finally {
    signals.off('SIGHUP', reload)
    stops.unwatch()
  }
}

/** Only who serves waits for all of the gateway to load. */
async function loadAndStart(config: Config): Promise<Gateway> {
  const { startGateway } = await import('../gateway.js')
  return startGateway(config)
}

/** `first` resolves with the first signal that asks to stop, `second` with the one after it. */
function watchStops(signals: Signals) {
  const waiting: (() => void)[] = []
  const first = new Promise<void>((resolve) => waiting.push(resolve))
  const second = new Promise<1>((resolve) => waiting.push(() => resolve(1)))
  const stop = () => waiting.shift()?.()
  signals.on('SIGTERM', stop)
  signals.on('SIGINT', stop)
  const unwatch = () => {
    signals.off('SIGTERM', stop)
    signals.off('SIGINT', stop)
  }
  return { first, second, unwatch }
}

function greeting({ upstreams, policy }: Config, { mcpUrl, opsUrl }: Gateway): string {
  return `portcullis: MCP on ${mcpUrl} for ${upstreamsInWords(upstreams)}; policy ${policy.mode}; metrics and health on ${opsUrl}`
}

function upstreamsInWords([first, ...others]: Config['upstreams']): string {
  if (others.length > 0) {
    const names = [first, ...others].map(({ name }) => name)
    return `${names.length} servers (${names.join(', ')}), each alone at /servers/NAME/mcp`
  }
  switch (first.target.type) {
    case 'demo':
      return 'the built-in demo server'
    case 'url':
      return withoutQuery(first.target.url)
    case 'stdio':
      return `the program ${first.target.command}`
  }
}

function explainFailure(error: unknown): string {
  if (!(error instanceof Error) || !('code' in error)) return messageOf(error)
  const at =
    'address' in error && 'port' in error
      ? `${String(error.address)}:${String(error.port)}`
      : 'the address'
  switch (error.code) {
    case 'EADDRINUSE':
      return `${at} is in use by another process; choose another port with --port or --ops-port`
    case 'EACCES':
      return `${at} needs more rights than this process has; choose a port above 1023`
    case 'EADDRNOTAVAIL':
      return `${at} is no address of this machine; set HOST or OPS_HOST to one that is`
    default:
      return messageOf(error)
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
