import type { Call } from './call.js'
import type { Decision, DenyCode, Hook, Mode } from './decision.js'

/** One line of the decision log, before it is written out. Texts and digests are made when it is appended. */
export type Entry = DecisionEntry | OutcomeEntry | ReloadEntry | CandidateEntry

export interface DecisionEntry {
  readonly type: 'decision'
  /** Milliseconds since the epoch. */
  readonly time: number
  readonly decisionId: string
  readonly hook: Hook
  /** The call as it was judged. */
  readonly call: Call
  /** The call as it is sent, where a patch changed it. */
  readonly sent: Call | undefined
  readonly decision: Decision
  readonly mode: Mode
  /** The decision took effect: the mode enforces, and it was not a fail-open. */
  readonly enforced: boolean
  /** The call passed only because no policy was there and the configuration says to fail open. */
  readonly failOpen: boolean
  readonly evalUs: number
  readonly bundleDigest: string
  /** Of a list that the mode leaves whole: what enforcement would have hidden. */
  readonly wouldHide?: readonly string[] | undefined
}

/** The call has ended. */
export interface OutcomeEntry {
  readonly type: 'outcome'
  readonly time: number
  /** The decision before the call was forwarded. */
  readonly decisionId: string
  readonly call: Call
  readonly mode: Mode
  readonly revision: string
  readonly result: CallResult
}

export interface CallResult {
  /** HTTP status that the caller got. */
  readonly status: number
  /** SHA-256 of the bytes that the caller got, hex. */
  readonly digest: string
  readonly bytes: number
  readonly latencyMs: number
  /** `completed`, or how the exchange broke off. */
  readonly end: 'completed' | 'client_closed' | 'upstream_failed' | 'refused'
}

export interface ReloadEntry {
  readonly type: 'reload'
  readonly time: number
  readonly outcome: 'activated' | 'unchanged' | 'failed'
  /** Where the bundle came from: a path or an address without credentials. */
  readonly source: string
  readonly revision: string
  readonly bundleDigest: string
  readonly error: string
  /** Every bundle that is in force after an `activated` load; empty otherwise. */
  readonly bundles: readonly LoadedBundle[]
  /** The policy in force was set aside for an older one because the operator allows it. */
  readonly rolledBack: boolean
}

export interface LoadedBundle {
  readonly name: string
  readonly revision: string
  readonly digest: string
}

/** A policy on trial would have decided otherwise. */
export interface CandidateEntry {
  readonly type: 'candidate'
  readonly time: number
  /** The decision that stood. */
  readonly decisionId: string
  readonly hook: Hook
  readonly call: Call
  readonly change: CandidateChange
  /** What was decided, and what the candidate would have decided. */
  readonly active: Decision
  readonly candidate: Decision
}

/** `obligations`: the effect is the same, and what is to be rewritten, masked or told is not. */
export type CandidateChange = 'allow_to_deny' | 'deny_to_allow' | 'effect' | 'obligations' | 'error'

/** What a decision amounts to, in the words that the decision log and the operator log share. */
export interface Verdict {
  /** Enforcement would have refused this: a denial or an approval wanted that took no effect, or a rule on trial that denies. */
  readonly wouldDeny: boolean
  /** Undefined where nothing was or would be refused. */
  readonly code: DenyCode | undefined
  readonly reason: string
  /** `blocked by rego: role_mismatch`; '' for a plain allow. */
  readonly message: string
}

export function verdictOf(entry: DecisionEntry): Verdict {
  const { decision, enforced } = entry
  switch (decision.effect) {
    case 'deny':
      return refusal(decision, decision.code, enforced)
    case 'ask':
      return refusal(decision, 'approval_required', enforced)
    case 'dry_run':
      return { ...allowed(decision), message: dryRun(decision, enforced) }
    case 'allow':
      return allowed(decision)
  }
}

function refusal(decision: Decision, code: DenyCode, enforced: boolean): Verdict {
  // Where no engine took part, `reason` is a sentence about the supply of policy, not a word of a policy.
  const why = decision.engine === 'none' ? code : decision.reason || code
  const message = `${enforced ? '' : 'would be '}blocked${by(decision)}: ${why}`
  return { wouldDeny: !enforced, code, reason: decision.reason, message }
}

function allowed(decision: Decision): Verdict {
  const trial = decision.trial.find(({ effect }) => effect === 'deny' || effect === 'ask')
  return {
    wouldDeny: trial !== undefined,
    code: undefined,
    reason: decision.reason,
    message:
      trial === undefined
        ? ''
        : `would be blocked${by(decision)}: ${trial.reason || trial.rule} (on trial)`,
  }
}

function dryRun(decision: Decision, enforced: boolean): string {
  const reason = decision.reason === '' ? '' : `: ${decision.reason}`
  return `${enforced ? '' : 'would be '}answered as a dry run${by(decision)}${reason}`
}

function by(decision: Decision): string {
  return decision.engine === 'none' ? '' : ` by ${decision.engine}`
}
