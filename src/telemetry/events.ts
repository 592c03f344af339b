import type { Decision, Deny, FaultCause, Hook, TrialRule } from '../domain/decision.js'
import type { Missed } from '../domain/candidate.js'
import {
  type CandidateEntry,
  type DecisionEntry,
  type OutcomeEntry,
  type ReloadEntry,
  type Verdict,
  verdictOf,
} from '../domain/entry.js'
import { type ErrorCode, GatewayError } from '../domain/errors.js'
import { type Operation, targetOf } from '../domain/operation.js'
import type { OperatorLog } from './log.js'
import type { SupplyStanding } from './bundle-metrics.js'
import type { Metrics } from './metrics.js'

/** One function per thing that happens: each writes the line and moves the metric, so that they cannot drift apart. */
export interface Events {
  gatewayStarted(facts: GatewayFacts): void
  gatewayStopping(why: string): void
  gatewayStopped(callsCutOff: number): void
  /** Settings that do not stop the start but that an operator must see. */
  noticed(notice: string): void
  decided(entry: DecisionEntry): void
  ended(entry: OutcomeEntry): void
  /** Turned away before it was judged: a protocol fault, a foreign host, too large, no such session. */
  requestRefused(refused: { code: ErrorCode; status: number; reason: string }): void
  /** Failed for a reason that lies in the gateway. */
  requestFailed(error: unknown): void
  /** Seconds until the upstream's headers were there. */
  upstreamAnswered(server: string, seconds: number): void
  upstreamFailed(server: string, error: unknown): void
  /** Several servers answer as one, and what this one would have added is not in the answer. */
  serverLeftOut(server: string, kind: string, error: unknown): void
  /** It had its part in one: worth a line where it was left out before. */
  serverTookPart(server: string): void
  /** A server that runs as a program here. */
  childStarted(server: string, pid: number): void
  /** `outcome`: its exit code, or the signal that ended it. */
  childEnded(server: string, pid: number, outcome: number | string, expected: boolean): void
  /** What it wrote that is no message. */
  childSaid(server: string, line: string): void
  /** A message of it went nowhere. */
  messageDropped(server: string, why: string): void
  /** Policy was loaded, found unchanged, or could not be used; `standing` is how things are after that. */
  reloaded(entry: ReloadEntry, standing: SupplyStanding, cause?: unknown): void
  /** The candidate policy was. */
  candidateReloaded(entry: ReloadEntry, cause?: unknown): void
  /** A bundle, or the record of its age, is in force and would be missing after a restart. */
  bundleNotKept(fault: { bundle: string; what: 'bundle' | 'age'; error: unknown }): void
  /** The rules that were loaded have something in them that is worth another look. */
  rulesWarned(warnings: readonly { readonly place: string; readonly message: string }[]): void
  /** A rule could not be evaluated, and the decision did not hang on it. */
  ruleErred(cause: FaultCause): void
  /** A policy on trial judged a message that was decided before. */
  candidateJudged(hook: Hook): void
  /** It would have decided otherwise. */
  candidateDisagreed(entry: CandidateEntry): void
  /** It was not shown a message of its sample. */
  candidateMissed(why: Missed): void
  /** No policy is in force. */
  policyMissing(missing: { message: string; failMode: 'open' | 'closed' }): void
  /** `records`: how many lines this write was to carry. */
  logWriteFailed(error: unknown, records: number): void
  logRecovered(): void
}

export interface GatewayFacts {
  readonly version: string
  readonly url: string
  readonly opsUrl: string
  readonly mode: string
  readonly upstream: string
}

export function createEvents({ log, metrics }: { log: OperatorLog; metrics: Metrics }): Events {
  const leftOut = new Set<string>()
  return {
    gatewayStarted: (facts) => log.info({ ...facts }, 'gateway_started'),
    gatewayStopping: (why) => log.info({ why }, 'gateway_stopping'),
    gatewayStopped: (callsCutOff) => log.info({ calls_cut_off: callsCutOff }, 'gateway_stopped'),
    noticed: (notice) => log.error({ notice }, 'notice'),

    decided(entry) {
      count(entry, metrics)
      report(entry, log)
    },
    ended(entry) {
      const { call, result, decisionId } = entry
      metrics.requestEnded(call.operation.kind, result.end, result.latencyMs / 1000)
      if (log.isLevelEnabled('debug')) {
        log.debug({ call_id: call.id, decision_id: decisionId, ...result }, 'ended')
      }
    },
    requestRefused: ({ code, status, reason }) =>
      log.debug({ code, status, reason: cut(reason) }, 'request_refused'),
    requestFailed: (error) => log.error({ err: error }, 'request_failed'),

    upstreamAnswered: (server, seconds) => metrics.upstreamAnswered(server, seconds),
    upstreamFailed(server, error) {
      metrics.upstreamFailed(server)
      log.warn({ server, code: codeOf(error), err: error }, 'upstream_failed')
    },
    serverLeftOut(server, kind, error) {
      metrics.serverLeftOut(server)
      leftOut.add(server)
      log.warn({ server, kind, code: codeOf(error), err: error }, 'server_left_out')
    },
    serverTookPart(server) {
      if (leftOut.delete(server)) log.info({ server }, 'server_back')
    },

    childStarted: (server, pid) => log.info({ server, pid }, 'child_started'),
    childEnded(server, pid, outcome, expected) {
      const fields = { server, pid, outcome }
      if (expected) log.info(fields, 'child_ended')
      else log.warn(fields, 'child_ended')
    },
    childSaid: (server, line) => log.info({ server, line }, 'child_said'),
    messageDropped: (server, why) => log.debug({ server, why }, 'message_dropped'),

    reloaded(entry, standing, cause) {
      metrics.bundles.loaded(entry.outcome)
      metrics.bundles.standing(standing)
      if (entry.outcome === 'activated') metrics.bundles.inForce(entry.bundles)
      reportLoad(log, 'bundle', entry, { cached: standing.cached, cause })
    },
    candidateReloaded(entry, cause) {
      metrics.bundles.candidateLoaded(entry.outcome)
      reportLoad(log, 'candidate', entry, { cached: [], cause })
    },
    bundleNotKept({ bundle, what, error }) {
      metrics.bundles.notKept()
      log.error({ bundle, what, err: error }, 'bundle_not_kept')
    },
    rulesWarned: (warnings) => log.warn({ warnings }, 'rules_warned'),
    ruleErred: (cause) => metrics.policyErred(cause),
    candidateJudged: (hook) => metrics.candidateJudged(hook),
    candidateDisagreed(entry) {
      metrics.candidateDisagreed(entry.hook, entry.change)
      log.info(disagreement(entry), 'candidate_disagreed')
    },
    candidateMissed: (why) => metrics.candidateMissed(why),
    policyMissing: ({ message, failMode }) =>
      log.error({ reason: message, fail_mode: failMode }, 'policy_missing'),

    logWriteFailed(error, records) {
      metrics.logWriteFailed()
      log.error({ err: error, records }, 'decision_log_failed')
    },
    logRecovered: () => log.warn({}, 'decision_log_recovered'),
  }
}

function count(entry: DecisionEntry, metrics: Metrics): void {
  const { hook, decision, mode, call, evalUs } = entry
  const { effect } = decision
  metrics.decided({ hook, kind: call.operation.kind, effect, mode })
  // Where no policy was there, nothing was evaluated and no time can be told.
  if (decision.engine !== 'none' || evalUs > 0) metrics.evaluated(hook, effect, evalUs)
  if (effect === 'deny' && decision.fault !== undefined) metrics.policyErred(decision.fault)
  if (entry.failOpen) metrics.failedOpen()
}

/** A plain allow is silent above `debug`. */
function report(entry: DecisionEntry, log: OperatorLog): void {
  const { decision, failOpen } = entry
  const isPlain = decision.effect === 'allow' && decision.trial.length === 0 && !failOpen
  if (isPlain && !log.isLevelEnabled('debug')) return
  const verdict = verdictOf(entry)
  const fields = fieldsOf(entry, verdict)
  const fault = decision.effect === 'deny' ? faultOf(decision) : undefined
  if (failOpen) log.error(fields, 'fail_open')
  else if (fault !== undefined) log.error({ ...fields, cause: fault }, 'undecided')
  else if (verdict.wouldDeny) log.warn(fields, 'would_deny')
  else if (verdict.code !== undefined) log.warn(fields, 'denied')
  else log.debug(fields, 'decided')
}

/** Set where the refusal is no judgement: policy could not decide, or was not there. */
function faultOf({ fault, code }: Deny): string | undefined {
  return fault ?? (code === 'policy_unavailable' ? code : undefined)
}

function fieldsOf(entry: DecisionEntry, verdict: Verdict): object {
  const { call, decision, decisionId, hook, mode, enforced } = entry
  return {
    decision_id: decisionId,
    call_id: call.id,
    hook,
    kind: cut(call.operation.kind),
    target: target(call.operation),
    server: call.server,
    principal: cut(call.principal.id),
    mode,
    effect: decision.effect,
    enforced,
    would_deny: verdict.wouldDeny,
    code: verdict.code,
    reason: cut(verdict.reason),
    rule: decision.rules[0] ?? '',
    message: cut(verdict.message),
    revision: decision.revision,
    trial: decision.trial.length === 0 ? undefined : decision.trial.map(markOf),
  }
}

function markOf({ rule, effect, reason }: TrialRule): object {
  return { rule, effect, reason }
}

function reportLoad(
  log: OperatorLog,
  what: 'bundle' | 'candidate',
  { outcome, source, revision, bundleDigest, error, rolledBack }: ReloadEntry,
  { cached, cause }: { readonly cached: readonly string[]; readonly cause: unknown },
): void {
  const fields = { source, revision, bundle_digest: bundleDigest }
  switch (outcome) {
    case 'activated':
      if (rolledBack) log.warn({ ...fields, rolled_back: true }, `${what}_activated`)
      else if (cached.length > 0) log.warn({ ...fields, from_cache: cached }, `${what}_activated`)
      else log.info(fields, `${what}_activated`)
      return
    case 'unchanged':
      log.debug({ source, revision }, `${what}_unchanged`)
      return
    case 'failed':
      log.error({ source, revision, error, err: cause }, `${what}_failed`)
  }
}

function disagreement({
  call,
  decisionId,
  hook,
  change,
  active,
  candidate,
}: CandidateEntry): object {
  return {
    decision_id: decisionId,
    call_id: call.id,
    hook,
    kind: cut(call.operation.kind),
    target: target(call.operation),
    server: call.server,
    principal: cut(call.principal.id),
    change,
    active: said(active),
    candidate: said(candidate),
  }
}

function said({ effect, reason, rules, revision }: Decision): object {
  return { effect, reason: cut(reason), rule: rules[0] ?? '', revision }
}

function target(operation: Operation): object | undefined {
  const named = targetOf(operation)
  return named === undefined ? undefined : { type: named.type, name: cut(named.name) }
}

/** Callers choose these texts, and must not fill the log with them: at most 1,024 characters, the last of them `…`. */
function cut(text: string): string {
  return text.length <= longestText ? text : `${text.slice(0, longestText - 1)}…`
}

const longestText = 1024

function codeOf(error: unknown): string {
  return error instanceof GatewayError ? error.code : 'internal'
}
