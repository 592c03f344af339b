import { randomBytes, randomUUID } from 'node:crypto'
import { createDiskSource } from './bundles/disk-source.js'
import { createHttpSource } from './bundles/http-source.js'
import { createLoader, type Loader } from './bundles/loader.js'
import type { BundleSource } from './bundles/source.js'
import type { BundleConfig, Config } from './config/config.js'
import { packageVersion } from './config/version.js'
import { createCatalog } from './catalog/catalog.js'
import { createDecisionLog, type WrittenDecisionLog } from './decision-log/decision-log.js'
import type { OutcomeEntry, ReloadEntry } from './domain/entry.js'
import { createCallDescriber } from './domain/policy-input.js'
import { createDoorkeeper } from './http/admission.js'
import { createExchanges } from './http/exchanges.js'
import { fileLimit } from './http/file-limit.js'
import type { McpEvents } from './http/mcp-routes.js'
import { createOpsServer } from './http/ops-routes.js'
import { createReadiness } from './http/readiness.js'
import { createMcpServer } from './http/server.js'
import { createIdentity } from './identity/identity.js'
import type { Permitted } from './pipeline/admit.js'
import { createPipeline } from './pipeline/pipeline.js'
import { createActivePolicy, type ActivePolicy } from './policy/active-policy.js'
import { compilePolicy } from './policy/compile.js'
import { createPatterns, type PatternEngine } from './policy/patterns.js'
import { createCorrelation } from './sessions/correlation.js'
import { createOpenCalls } from './sessions/open-calls.js'
import { createSeal, openSeal } from './sessions/seal.js'
import { createSessions } from './sessions/sessions.js'
import { createEvents, type Events } from './telemetry/events.js'
import { createOperatorLog } from './telemetry/log.js'
import { createMetrics } from './telemetry/metrics.js'
import { createHttpUpstream } from './upstreams/http-upstream.js'
import { methodRow } from './wire/methods.js'

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
export async function startGateway(config: Config): Promise<Gateway> {
  const cleanUps: (() => Promise<void>)[] = []
  const closeAll = async (): Promise<void> => {
    for (const close of cleanUps.splice(0).reverse()) await close()
  }
  try {
    return await assemble(config, cleanUps, closeAll)
  } catch (thrown) {
    await closeAll()
    throw thrown
  }
}

async function assemble(
  config: Config,
  cleanUps: (() => Promise<void>)[],
  closeAll: () => Promise<void>,
): Promise<Gateway> {
  const { mode, failMode } = config.policy
  const now = Date.now
  const version = packageVersion()

  const sessions = createSessions(sealFor(config))
  const log = createOperatorLog({ level: config.log.level })
  const metrics = createMetrics({
    version,
    mode,
    isKnownKind: (kind) => methodRow(kind) !== undefined,
    sessions: () => sessions.count,
    queuedRecords: () => decisionLog.queued(),
  })
  const events = createEvents({ log, metrics })
  const decisionLog = createDecisionLog({
    config: config.decisionLog,
    onFailure: (error, records) => events.logWriteFailed(error, records),
    onRecovery: () => events.logRecovered(),
  })
  cleanUps.push(() => decisionLog.close())
  for (const notice of config.notices) events.noticed(notice)

  const patterns = createPatterns()
  cleanUps.push(() => patterns.close())
  const policies = createActivePolicy()
  const loader = mode === 'off' ? undefined : loaderFor(config, policies, patterns, onReload)
  if (loader !== undefined) cleanUps.push(() => loader.close())
  if (mode === 'off') policies.markAbsent('Policy is switched off')
  else if (loader === undefined) policies.markAbsent(noBundle)
  else await loader.start()
  const atStart = policies.current()
  if (atStart.state !== 'active' && mode === 'enforce') {
    events.policyMissing({ message: atStart.message, failMode })
  }

  function onReload(entry: ReloadEntry): void {
    events.reloaded(entry)
    decisionLog.append(entry).catch(() => undefined)
  }

  const target = await targetOf(config, cleanUps)
  const { name, auth, timeoutMs, maxMessageBytes } = config.upstream
  const upstream = createHttpUpstream({ name, url: target, auth, timeoutMs })
  cleanUps.push(() => upstream.close())

  const telling = { style: config.policy.denyStyle, detail: config.policy.denyDetail }
  const pipeline = createPipeline({
    mode,
    failMode,
    describe: createCallDescriber(config.policy.inputHeaders),
    maxMessageBytes,
    policies,
    patterns,
    upstream,
    serverRequests: createCorrelation(keptServerRequests),
    openCalls: createOpenCalls<Permitted>(keptOpenCalls),
    catalog: createCatalog(),
    taskSeal: sealFor(config),
    unknownMethods: 'pass',
    telling,
    log: decisionLog,
    events,
    now,
    newId: randomUUID,
  })

  const exchanges = createExchanges(fileLimit())
  const route = { paths: ['/mcp', `/servers/${name}/mcp`], pipeline, sessions, server: name }
  const mcp = createMcpServer(
    { maxBodyBytes: config.mcp.maxBodyBytes, routes: [route] },
    {
      exchanges,
      telling,
      identity: createIdentity(config.identity),
      doorkeeper: createDoorkeeper(config.mcp),
      events: mcpEvents(config, events, decisionLog),
      now,
      newId: randomUUID,
    },
  )
  const readiness = createReadiness({
    mode,
    failMode,
    policies,
    supply: () => loader?.status(),
    notices: config.notices,
    version,
  })
  const ops = createOpsServer({
    metrics: async () => ({ contentType: metrics.contentType, text: await metrics.text() }),
    readiness: () => readiness.report(),
  })
  cleanUps.push(() => ops.close())
  const opsUrl = await ops.listen(config.ops)
  cleanUps.push(() => mcp.close())
  const mcpUrl = `${await mcp.listen(config.mcp)}/mcp`
  events.gatewayStarted({ version, url: mcpUrl, opsUrl, mode, upstream: target })

  return {
    mcpUrl,
    opsUrl,
    reload: async () => {
      try {
        decisionLog.reopen()
      } catch (thrown) {
        events.logWriteFailed(thrown, 0)
      }
      await loader?.reload()
    },
    close: async () => {
      readiness.stop()
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

/** Server requests that may wait for a client's answer, and streamed calls that a client may resume. */
const keptServerRequests = 10_000
const keptOpenCalls = { calls: 1_000, bytes: 32 * 1024 * 1024, events: 256 }

const noBundle = 'No bundle is configured: set POLICY_BUNDLE_PATH or POLICY_BUNDLE_URL'

function sealFor(config: Config) {
  const identified = config.identity.modes.some((mode) => mode !== 'none')
  return identified ? createSeal(config.session.key ?? randomBytes(32)) : openSeal
}

function loaderFor(
  { policy }: Config,
  active: ActivePolicy,
  patterns: PatternEngine,
  report: (entry: ReloadEntry) => void,
): Loader | undefined {
  const source = sourceFor(policy.bundle)
  if (source === undefined) return undefined
  const { maxInputBytes, bundle } = policy
  return createLoader({
    source,
    check: { maxBytes: bundle.maxBytes, sha256: bundle.sha256 },
    compile: (unpacked) => compilePolicy(unpacked, { patterns, maxInputBytes }),
    active,
    report: ({ outcome, source: from, revision, digest, error }) =>
      report({
        type: 'reload',
        time: Date.now(),
        outcome,
        source: from,
        revision,
        bundleDigest: digest,
        error,
      }),
    now: Date.now,
  })
}

function sourceFor({ source, maxBytes }: BundleConfig): BundleSource | undefined {
  switch (source.type) {
    case 'none':
      return undefined
    case 'disk':
      return createDiskSource({ path: source.path, maxBytes })
    case 'http':
      return createHttpSource({ ...source, maxBytes })
  }
}

async function targetOf({ upstream }: Config, cleanUps: (() => Promise<void>)[]): Promise<string> {
  if (upstream.target.type === 'url') return upstream.target.url
  // Only who asks for the demo waits for the SDK to load.
  const { startDemoServer } = await import('./demo/server.js')
  const demo = await startDemoServer()
  cleanUps.push(() => demo.close())
  return demo.url
}

/** A call's end goes to the metrics, and on record where policy had a say. */
function mcpEvents(
  { policy: { mode } }: Config,
  events: Events,
  decisionLog: WrittenDecisionLog,
): McpEvents {
  return {
    ended: ({ call, decisionId, revision }, result) => {
      const entry: OutcomeEntry = {
        type: 'outcome',
        time: Date.now(),
        decisionId,
        call,
        mode,
        revision,
        result,
      }
      events.ended(entry)
      if (mode !== 'off') decisionLog.append(entry).catch(() => undefined)
    },
    requestRefused: (error, status) => {
      if (error.code === 'internal') events.requestFailed(error.cause)
      else events.requestRefused({ code: error.code, status, reason: error.message })
    },
  }
}
