import { randomBytes, randomUUID } from 'node:crypto'
import type { LoadStatus } from './bundles/load-status.js'
import { createCandidate } from './candidate/candidate.js'
import { createCatalog } from './catalog/catalog.js'
import { createClassifier, createDryRunArguments } from './catalog/configured-tools.js'
import { createToolFacts } from './catalog/tool-facts.js'
import type { Config } from './config/config.js'
import { packageVersion } from './config/version.js'
import { createDecisionLog, type WrittenDecisionLog } from './decision-log/decision-log.js'
import type { HandledCall } from './domain/answer.js'
import type { CallResult, OutcomeEntry } from './domain/entry.js'
import type { GatewayError } from './domain/errors.js'
import { createCallDescriber } from './domain/policy-input.js'
import type { Catalog, Pipeline, Upstream } from './domain/ports.js'
import { createOpsServer } from './http/ops-routes.js'
import { createReadiness } from './http/readiness.js'
import type { Permitted } from './pipeline/admit.js'
import { createDeclines } from './pipeline/declines.js'
import type { KnownTask } from './pipeline/parts.js'
import { createListChanges } from './pipeline/list-changes.js'
import { createPipeline } from './pipeline/pipeline.js'
import { createPatterns } from './policy/patterns.js'
import { createCorrelation } from './sessions/correlation.js'
import { createOpenCalls } from './sessions/open-calls.js'
import { createSeal, openSeal } from './sessions/seal.js'
import { createTaskMemory } from './sessions/task-memory.js'
import { createSupplies, type Supplies } from './supplies.js'
import type { SupplyThread } from './supply-client.js'
import type { SupplyStanding } from './telemetry/bundle-metrics.js'
import { createEvents, type Events } from './telemetry/events.js'
import { createOperatorLog } from './telemetry/log.js'
import { createMetrics } from './telemetry/metrics.js'
import { methodRow } from './wire/methods.js'
import type { Telling } from './wire/refusal.js'

/** Everything that judges and records, whichever front door and upstreams stand around it. */
export interface Governance {
  readonly version: string
  readonly events: Events
  readonly callEvents: CallEvents
  readonly telling: Telling
  readonly catalog: Catalog
  /** The line through policy to an upstream. Ids of several upstreams can never meet in it. */
  pipeline(upstream: Upstream): Pipeline
  /** Opens the port for metrics and health; gives its address. */
  openOps(at: { readonly host: string; readonly port: number }): Promise<string>
  /** From here on it is not ready. */
  stop(): void
  /** Reads policy anew and reopens the decision log; what fails is logged, and the last good policy stays. */
  reload(): Promise<void>
}

export interface CallEvents {
  /** A call has ended, however it ended. */
  ended(handled: HandledCall, result: CallResult): void
  /** A request was refused before it was a call, or a stream was. */
  requestRefused(error: GatewayError, status: number): void
}

/** What closes again, last opened first. */
export type CleanUps = (() => Promise<void>)[]

/** What gateways in one process may have in common. Whoever made it closes it. */
export interface Shared {
  readonly supplyThread?: SupplyThread
}

type GovernanceConfig = Omit<Config, 'ops'>

/**
 * Builds the parts that every front door shares, in the order of need. Policy was looked for when it resolves.
 * @throws Error where the decision log cannot be opened
 */
export async function assembleGovernance(
  config: GovernanceConfig,
  cleanUps: CleanUps,
  sessions: () => number,
  { supplyThread }: Shared = {},
): Promise<Governance> {
  const { mode, failMode } = config.policy
  const version = packageVersion()
  const log = createOperatorLog({ level: config.log.level })
  const metrics = createMetrics({
    version,
    mode,
    isKnownKind: (kind) => methodRow(kind) !== undefined,
    sessions,
    queuedRecords: () => decisionLog.queued(),
  })
  const events = createEvents({ log, metrics })
  const trusted = new Set(config.upstreams.filter((each) => each.trusted).map(({ name }) => name))
  const classify = createClassifier(config.tools, trusted)
  const catalog = createCatalog()
  const toolFacts = createToolFacts({ catalog, trusted, classify })
  const decisionLog = createDecisionLog({
    config: config.decisionLog,
    actionClassOf: (server, tool) => toolFacts(server, tool).actionClass,
    onFailure: (error, records) => events.logWriteFailed(error, records),
    onRecovery: () => events.logRecovered(),
  })
  cleanUps.push(() => decisionLog.close())
  for (const notice of config.notices) events.noticed(notice)

  const patterns = createPatterns()
  cleanUps.push(() => patterns.close())
  const supplies = createSupplies({
    thread: supplyThread,
    config: config.policy,
    version,
    patterns,
    classify,
    meter: (hook, fuel) => metrics.fuelUsed(hook, fuel),
    onRuleError: (cause) => events.ruleErred(cause),
    onReload: (entry, status, cause) => {
      events.reloaded(entry, standingOf(status), cause)
      decisionLog.append(entry).catch(() => undefined)
    },
    onCandidateReload: (entry, cause) => events.candidateReloaded(entry, cause),
    onKeepingFault: (fault) => events.bundleNotKept(fault),
    onRuleWarnings: (warnings) => events.rulesWarned(warnings),
  })
  cleanUps.push(() => supplies.close())
  await supplies.start()
  const { policies } = supplies
  const atStart = policies.current()
  if (atStart.state !== 'active' && mode === 'enforce') {
    // What is there and refused fails closed in any mode.
    const closed = atStart.state === 'refused'
    events.policyMissing({ message: atStart.message, failMode: closed ? 'closed' : failMode })
  }

  const listChanges = createListChanges({ policies, now: Date.now, maxBytes: keptListBytes })
  policies.onChange(() => listChanges.policyChanged())

  const candidate = candidateOf(config, supplies, events, decisionLog)
  cleanUps.push(() => Promise.resolve(candidate?.close()))

  const telling = { style: config.policy.denyStyle, detail: config.policy.denyDetail }
  const shared = {
    mode,
    failMode,
    describe: createCallDescriber(config.policy.inputHeaders, toolFacts),
    dryRunArgumentOf: createDryRunArguments(config.tools),
    maxMessageBytes: config.upstreams[0].maxMessageBytes,
    policies,
    candidate,
    patterns,
    catalog,
    listChanges,
    trusted,
    unknownMethods: config.mcp.unknownMethods,
    telling,
    log: decisionLog,
    events,
    now: Date.now,
    newId: randomUUID,
  }
  const readiness = createReadiness({
    mode,
    failMode,
    policies,
    supply: () => supplies.status(),
    candidate: supplies.candidate && {
      policies: supplies.candidate,
      supply: () => supplies.candidateStatus(),
    },
    notices: config.notices,
    version,
  })

  return {
    version,
    events,
    callEvents: callEvents(config, events, decisionLog),
    telling,
    catalog,
    pipeline: (upstream) =>
      createPipeline({
        ...shared,
        upstream,
        taskSeal: sealFor(config, `task of ${upstream.name}`),
        serverRequests: createCorrelation(keptServerRequests),
        declines: createDeclines({ upstream, events }),
        openCalls: createOpenCalls<Permitted>(keptOpenCalls),
        toolLists: new Map(),
        tasks: createTaskMemory<KnownTask>(keptTasks),
      }),
    openOps: async (at) => {
      const ops = createOpsServer({
        metrics: async () => ({ contentType: metrics.contentType, text: await metrics.text() }),
        readiness: () => readiness.report(),
      })
      cleanUps.push(() => ops.close())
      return ops.listen(at)
    },
    stop: () => readiness.stop(),
    reload: async () => {
      try {
        decisionLog.reopen()
      } catch (thrown) {
        events.logWriteFailed(thrown, 0)
      }
      await supplies.reload()
    },
  }
}

/** Server requests that may wait for a client's answer, streamed calls that a client may resume, and tasks. */
const keptServerRequests = 10_000
const keptOpenCalls = { calls: 1_000, bytes: 32 * 1024 * 1024, events: 256 }
/** Pages of lists that clients were shown, for telling them when policy changes what they see. */
const keptListBytes = 64 * 1024 * 1024
const keptTasks = { tasks: 10_000, bytes: 32 * 1024 * 1024 }

/** Where callers have identities, what an upstream issues to one is no other's. */
export function sealFor({ identity, session }: GovernanceConfig, issued: string) {
  const identified = identity.modes.some((mode) => mode !== 'none')
  return identified ? createSeal(session.keys, issued) : openSeal
}

/** Without configured keys, what one process sealed no other opens. */
export function withSealKeys<C extends GovernanceConfig>(config: C): C {
  const { session } = config
  return session.keys.length > 0 ? config : { ...config, session: { keys: [randomBytes(32)] } }
}

function standingOf({ lastSuccess, bundles }: LoadStatus): SupplyStanding {
  const cached = bundles.filter(({ inForce }) => inForce?.origin === 'cache')
  return { lastSuccess, cached: cached.map(({ name }) => name) }
}

/** What a candidate would have decided otherwise goes to the metrics and on record. */
function candidateOf(
  { policy }: GovernanceConfig,
  { candidate: policies }: Supplies,
  events: Events,
  decisionLog: WrittenDecisionLog,
) {
  if (policies === undefined || policy.candidate === undefined) return undefined
  return createCandidate({
    policies,
    sample: policy.candidate.sample,
    judged: (hook) => events.candidateJudged(hook),
    missed: (why) => events.candidateMissed(why),
    disagreed: (entry) => {
      events.candidateDisagreed(entry)
      decisionLog.append(entry).catch(() => undefined)
    },
    now: Date.now,
  })
}

/** A call's end goes to the metrics, and on record where policy had a say. */
function callEvents(
  { policy: { mode } }: GovernanceConfig,
  events: Events,
  decisionLog: WrittenDecisionLog,
): CallEvents {
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
