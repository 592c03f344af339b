import { randomUUID } from 'node:crypto'
import type { Readable, Writable } from 'node:stream'
import type { Config, StdioConfig } from './config/config.js'
import { createDoorkeeper } from './http/admission.js'
import { createExchanges } from './http/exchanges.js'
import { fileLimit } from './http/file-limit.js'
import { createMcpServer } from './http/server.js'
import { openEndpoints } from './endpoints.js'
import { assembleGovernance, withSealKeys, type CleanUps, type Shared } from './governance.js'
import { createIdentity } from './identity/identity.js'
import { createStdioFront } from './stdio/front.js'
import { createTurnstile } from './stdio/turnstile.js'
import type { Principal } from './domain/principal.js'
import type { ChildExit } from './upstreams/stdio-events.js'
import { createStdioServer } from './upstreams/stdio-server.js'

/** A running gateway. */
export interface Gateway {
  readonly mcpUrl: string
  readonly opsUrl: string
  /** Reads policy anew and reopens the decision log; what fails is logged, and the last good policy stays. */
  reload(): Promise<void>
  /** Finishes the calls in flight, within `shutdownMs`, and lets go of everything. */
  close(): Promise<void>
}

/**
 * Builds the parts in the order of need and starts them. Nothing is served before policy was looked for.
 * @throws Error where a port cannot be had or the decision log cannot be opened
 */
export async function startGateway(config: Config, shared: Shared = {}): Promise<Gateway> {
  return withCleanUps((cleanUps, closeAll) =>
    assemble(withSealKeys(config), shared, cleanUps, closeAll),
  )
}

/** A running gateway between one host and the server that it launches. */
export interface StdioGateway {
  /** Resolves when everything was let go of. */
  readonly ended: Promise<StdioEnd>
  reload(): Promise<void>
  /** Ends it without waiting for the host. */
  stop(): void
}

/** Why it ended: the host or the operator left, or the server went by itself. */
export type StdioEnd = { readonly type: 'host_left' } | { readonly type: 'stopped' } | ChildExit

/** The one host of a stdio gateway. */
export interface Host {
  readonly principal: Principal
  readonly input: Readable
  readonly output: Writable
}

/**
 * The same line through policy, with a pipe at either end.
 * @throws Error where the ops port cannot be had or the decision log cannot be opened
 */
export async function startStdio(config: StdioConfig, host: Host): Promise<StdioGateway> {
  return withCleanUps((cleanUps, closeAll) =>
    assembleStdio(withSealKeys(config), host, cleanUps, closeAll),
  )
}

async function withCleanUps<G>(
  assembling: (cleanUps: CleanUps, closeAll: () => Promise<void>) => Promise<G>,
): Promise<G> {
  const cleanUps: CleanUps = []
  const closeAll = async (): Promise<void> => {
    for (const close of cleanUps.splice(0).reverse()) await close()
  }
  try {
    return await assembling(cleanUps, closeAll)
  } catch (thrown) {
    await closeAll()
    throw thrown
  }
}

async function assemble(
  config: Config,
  shared: Shared,
  cleanUps: CleanUps,
  closeAll: () => Promise<void>,
): Promise<Gateway> {
  let sessions = (): number => 0
  const governance = await assembleGovernance(config, cleanUps, () => sessions(), shared)
  const { events, callEvents, telling, version } = governance
  const { routes, behind } = await openEndpoints(config, governance, cleanUps)
  sessions = () => routes.reduce((sum, route) => sum + route.sessions.count, 0)

  const exchanges = createExchanges(fileLimit())
  const mcp = createMcpServer(
    { maxBodyBytes: config.mcp.maxBodyBytes, routes },
    {
      exchanges,
      telling,
      identity: createIdentity(config.identity),
      doorkeeper: createDoorkeeper(config.mcp),
      events: callEvents,
      now: Date.now,
      newId: randomUUID,
    },
  )
  const opsUrl = await governance.openOps(config.ops)
  cleanUps.push(() => mcp.close())
  const mcpUrl = `${await mcp.listen(config.mcp)}/mcp`
  const { mode } = config.policy
  events.gatewayStarted({ version, url: mcpUrl, opsUrl, mode, upstream: behind })

  return {
    mcpUrl,
    opsUrl,
    reload: () => governance.reload(),
    close: async () => {
      governance.stop()
      events.gatewayStopping('asked to')
      const closed = mcp.close()
      const cutOff = await exchanges.drain(config.shutdownMs)
      mcp.cutOff()
      await closed
      events.gatewayStopped(cutOff)
      await closeAll()
    },
  }
}

async function assembleStdio(
  config: StdioConfig,
  host: Host,
  cleanUps: CleanUps,
  closeAll: () => Promise<void>,
): Promise<StdioGateway> {
  const governance = await assembleGovernance(config, cleanUps, () => 1)
  const { events, callEvents, telling, version } = governance
  const opsUrl = config.ops === undefined ? '' : await governance.openOps(config.ops)

  const [{ name, target, timeoutMs, maxMessageBytes }] = config.upstreams
  if (target.type !== 'stdio') throw new Error('The upstream of a stdio gateway is a command')
  const server = createStdioServer({ ...target, name, timeoutMs, maxMessageBytes, events })
  cleanUps.push(() => server.close())
  const turnstile = createTurnstile()
  const front = createStdioFront({
    ...host,
    pipeline: governance.pipeline(turnstile.before(server)),
    turnstile,
    server: name,
    telling,
    maxLineBytes: config.mcp.maxBodyBytes,
    events: callEvents,
    now: Date.now,
    newId: randomUUID,
  })
  const { mode } = config.policy
  events.gatewayStarted({ version, url: 'stdio', opsUrl, mode, upstream: target.command })

  let stop: () => void = () => undefined
  const stopped = new Promise<StdioEnd>((resolve) => {
    stop = () => resolve({ type: 'stopped' })
  })
  const hostLeft = front.hostGone.then((): StdioEnd => ({ type: 'host_left' }))
  const end = async (): Promise<StdioEnd> => {
    const why = await Promise.race([hostLeft, stopped, server.ended])
    governance.stop()
    events.gatewayStopping(why.type)
    // Whoever stops it does not wait for the server, and after that nothing more can come.
    const hastened = stopped.then(() => {
      void server.close()
      return front.drain(hasteMs)
    })
    events.gatewayStopped(await Promise.race([front.drain(config.shutdownMs), hastened]))
    await closeAll()
    return why
  }
  return { ended: end(), reload: () => governance.reload(), stop: () => stop() }
}

/** What a host that asks to stop still gives calls in flight, milliseconds: it kills what takes longer than 2 s. */
const hasteMs = 500
