import type { Call } from '../domain/call.js'
import type { TrialRule } from '../domain/decision.js'
import {
  type CandidateEntry,
  type DecisionEntry,
  type Entry,
  type OutcomeEntry,
  type ReloadEntry,
  verdictOf,
} from '../domain/entry.js'
import type { ArgsRecord } from './args.js'
import { disagreementMembers } from './candidate-line.js'
import {
  type ActionClassOf,
  type CallRecord,
  createCallRecords,
  membersOf,
  payloadDigest,
  sentDigest,
} from './call-record.js'
import { quoted, texts, written } from './json-line.js'
import { payloadOf } from '../domain/payload.js'
import { isLong } from './payload.js'

/** A server may offer any number of items, and one line is not to be as long as its list. */
const mostHidden = 256

/** Turns an entry into its line, which ends with a newline. Members as docs/reference/decision-log.md lists them. */
export type Lines = (entry: Entry, seq: number) => string

export function createLines(argsOf: ArgsRecord, classOf: ActionClassOf): Lines {
  const records = createCallRecords(classOf)
  const lateSent = new WeakMap<Call, Call>()
  const timestamp = createTimestamps()

  function sentMember({ call, sent, hook }: DecisionEntry, record: CallRecord): string {
    if (sent === undefined || hook !== 'pre') return ''
    if (record.digests !== '' && !isLong(payloadOf(sent))) return sentDigest(sent)
    lateSent.set(call, sent)
    return ''
  }

  function argsMember(entry: DecisionEntry): string {
    const args = argsOf(entry)
    return args === '' ? '' : `,"args":${args}`
  }

  function hiddenMember({ wouldHide = [] }: DecisionEntry): string {
    return wouldHide.length === 0 ? '' : `,"would_hide":${texts(wouldHide.slice(0, mostHidden))}`
  }

  function decisionLine(entry: DecisionEntry, seq: number): string {
    const { call, decision, decisionId, hook, mode, enforced, failOpen, evalUs } = entry
    const record = records.of(call)
    const { wouldDeny, code, reason, message } = verdictOf(entry)
    return (
      `{"type":"decision","seq":${seq},"time":"${timestamp(entry.time)}"` +
      `,"call_id":${quoted(call.id)},"decision_id":${quoted(decisionId)},"hook":"${hook}"` +
      `,"effect":"${decision.effect}","enforced":${enforced},"would_deny":${wouldDeny}` +
      `,"mode":"${mode}"` +
      (code === undefined ? '' : `,"code":"${code}"`) +
      (reason === '' ? '' : `,"reason":${quoted(reason)}`) +
      (message === '' ? '' : `,"message":${quoted(message)}`) +
      `,"engine":"${decision.engine}","rules":${texts(decision.rules)}` +
      `,"warnings":${texts(decision.warnings)}` +
      (decision.trial.length === 0 ? '' : `,"trial":${written(decision.trial.map(markOf))}`) +
      `,"revision":${quoted(decision.revision)},"bundle_digest":${quoted(entry.bundleDigest)}` +
      record.members +
      record.digests +
      sentMember(entry, record) +
      argsMember(entry) +
      `,"eval_us":${evalUs},"fail_open":${failOpen}` +
      (isEmpty(decision.labels) ? '' : `,"labels":${written(decision.labels)}`) +
      hiddenMember(entry) +
      '}\n'
    )
  }

  function outcomeLine(entry: OutcomeEntry, seq: number): string {
    const { call, result } = entry
    const record = records.take(call)
    return (
      `{"type":"outcome","seq":${seq},"time":"${timestamp(entry.time)}"` +
      `,"call_id":${quoted(call.id)},"decision_id":${quoted(entry.decisionId)}` +
      `,"mode":"${entry.mode}","revision":${quoted(entry.revision)}` +
      record.members +
      record.digests +
      lateDigests(call, record) +
      `,"result":{"status":${result.status},"digest":${quoted(result.digest)}` +
      `,"bytes":${result.bytes},"latency_ms":${Math.round(result.latencyMs * 1000) / 1000},"end":"${result.end}"}}\n`
    )
  }

  function lateDigests(call: Call, record: CallRecord): string {
    const sent = lateSent.get(call)
    return (
      (record.digests === '' ? payloadDigest(call) : '') +
      (sent === undefined ? '' : sentDigest(sent))
    )
  }

  function reloadLine(entry: ReloadEntry, seq: number): string {
    return (
      `{"type":"reload","seq":${seq},"time":"${timestamp(entry.time)}"` +
      `,"outcome":"${entry.outcome}","source":${quoted(entry.source)}` +
      `,"revision":${quoted(entry.revision)},"bundle_digest":${quoted(entry.bundleDigest)}` +
      (entry.error === '' ? '' : `,"error":${quoted(entry.error)}`) +
      (entry.bundles.length === 0 ? '' : `,"bundles":${written(entry.bundles)}`) +
      (entry.rolledBack ? ',"rolled_back":true' : '') +
      '}\n'
    )
  }

  function candidateLine(entry: CandidateEntry, seq: number): string {
    const { call, decisionId, hook } = entry
    return (
      `{"type":"candidate","seq":${seq},"time":"${timestamp(entry.time)}"` +
      `,"call_id":${quoted(call.id)},"decision_id":${quoted(decisionId)},"hook":"${hook}"` +
      disagreementMembers(entry) +
      membersOf(call, classOf) +
      '}\n'
    )
  }

  return (entry, seq) => {
    switch (entry.type) {
      case 'decision':
        return decisionLine(entry, seq)
      case 'outcome':
        return outcomeLine(entry, seq)
      case 'reload':
        return reloadLine(entry, seq)
      case 'candidate':
        return candidateLine(entry, seq)
    }
  }
}

/** What a rule on trial would have done; whether its caller is told is the policy's to say. */
function markOf({ rule, effect, reason }: TrialRule): object {
  return { rule, effect, reason }
}

/** RFC 3339 in UTC; entries of one millisecond share the text. */
function createTimestamps(): (time: number) => string {
  let lastTime = NaN
  let lastText = ''
  return (time) => {
    if (time !== lastTime) {
      lastText = new Date(time).toISOString()
      lastTime = time
    }
    return lastText
  }
}

function isEmpty(object: object): boolean {
  for (const _ in object) return false
  return true
}
