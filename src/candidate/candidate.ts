import type { Candidate, CandidateQuestion, Missed, Observed } from '../domain/candidate.js'
import type { Decision, Hook, ListDecision } from '../domain/decision.js'
import type { CandidateEntry } from '../domain/entry.js'
import type { Policy, PolicySource } from '../domain/ports.js'
import { changeBetween } from './change.js'
import { createSample } from './sample.js'
import { createSlices } from './slices.js'
import { createMemory, createTrial } from './trial.js'

export interface CandidateParts {
  readonly policies: PolicySource
  /** From 0 to 1: the share of principals whose calls are judged. */
  readonly sample: number
  /** It would have decided otherwise. */
  readonly disagreed: (entry: CandidateEntry) => void
  readonly judged: (hook: Hook) => void
  readonly missed: (why: Missed) => void
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** A candidate that judges what it saw between calls, a little at a time. What it has no time for is counted. */
export function createCandidate(parts: CandidateParts): Candidate & { close(): void } {
  const { policies, missed } = parts
  const isSampled = createSample(parts.sample)
  const slices = createSlices()
  const memory = createMemory(mostBytes)
  const inForce = (): Policy | undefined => {
    const state = policies.current()
    return state.state === 'active' ? state.policy : undefined
  }

  /** What was seen holds its memory until here. */
  function schedule(observed: Observed): void {
    const isTaken = slices.add(() => {
      memory.letGo(observed.bytes)
      judgeNow(observed)
    })
    if (isTaken) return
    memory.letGo(observed.bytes)
    missed('busy')
  }

  function judgeNow(observed: Observed): void {
    const policy = inForce()
    if (policy === undefined) return
    try {
      const question = observed.question()
      if (question !== undefined) compare(question, observed, policy)
    } catch {
      missed('unreadable')
    }
  }

  function compare(question: CandidateQuestion, observed: Observed, policy: Policy): void {
    const { hook } = question.input
    const candidate = decisionOf(question, policy)
    parts.judged(hook)
    const active = question.decided
    const change = changeBetween(active, candidate, question.items)
    if (change === undefined) return
    const { call, decisionId } = observed
    const time = parts.now()
    parts.disagreed({ type: 'candidate', time, decisionId, hook, call, change, active, candidate })
  }

  return {
    follow(call) {
      if (inForce() === undefined || !isSampled(call)) return undefined
      return createTrial({ hooks: () => inForce()?.hooks ?? noHooks, memory, schedule, missed })
    },
    close: () => slices.close(),
  }
}

const noHooks: Policy['hooks'] = { pre: false, post: false, list: false }

/** Of messages that wait to be judged, all calls together. */
const mostBytes = 64 * 1024 * 1024

/** What the candidate says; of what it has no entrypoint for it says nothing, except before a call. */
function decisionOf(
  { input, items = [] }: CandidateQuestion,
  policy: Policy,
): Decision | ListDecision {
  if (input.hook === 'pre' || policy.hooks[input.hook]) {
    return input.hook === 'list' ? policy.list(input) : policy.evaluate(input)
  }
  const silent = {
    engine: 'none',
    rules: [],
    revision: policy.revision,
    warnings: [],
    labels: {},
    trial: [],
    effect: 'allow',
    reason: '',
    obligations: [],
  } as const
  return input.hook === 'list' ? { ...silent, names: items } : silent
}
