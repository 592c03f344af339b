import type { Call } from './call.js'
import type { Decision, ListDecision } from './decision.js'
import type { PolicyInput } from './policy-input.js'
import type { Policy } from './ports.js'

/** A policy on trial beside the one in force: it is shown calls that were decided, judges them later, and changes nothing. */
export interface Candidate {
  /** Undefined where no candidate is there, or the caller is not in its sample. */
  follow(call: Call): Trial | undefined
}

/** One call that the candidate follows. Nothing here throws, and nothing is judged before the call was answered. */
export interface Trial {
  /** What the candidate would have a say in. */
  readonly hooks: Policy['hooks']
  saw(observed: Observed): void
  /** The caller has its answer: what was seen, and what is seen from now on, is judged as soon as there is time. */
  answered(): void
  /** Something of the call was not shown to the candidate. */
  missed(why: Missed): void
  /** Takes so many bytes of the memory that all calls share for what they will show; false where there is no more. */
  hold(bytes: number): boolean
  letGo(bytes: number): void
}

/** One message that was decided about. */
export interface Observed {
  readonly call: Call
  /** Of the decision that stood. */
  readonly decisionId: string
  /** About how much memory it takes until it is judged. */
  readonly bytes: number
  /**
   * What the candidate is to be asked; undefined where that is nothing. Made when its turn comes.
   * @throws GatewayError where the message cannot be read
   */
  readonly question: () => CandidateQuestion | undefined
}

export interface CandidateQuestion {
  /** The very document of the decision, or the one that the policy in force had no need of; its time is the decision's. */
  readonly input: PolicyInput
  readonly decided: Decision | ListDecision
  /** At `list`: the items of the page. */
  readonly items?: readonly string[] | undefined
}

/** Why the candidate did not see something: it had too much to do, or the message was too long or no message. */
export type Missed = 'busy' | 'too_large' | 'unreadable'
