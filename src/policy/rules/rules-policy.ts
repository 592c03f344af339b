import type { ClassifyTool } from '../../domain/action-class.js'
import type { Call } from '../../domain/call.js'
import type { Decision, Deny, FaultCause, ListDecision } from '../../domain/decision.js'
import type { FileReport } from '../../domain/explanation.js'
import type { PolicyInput } from '../../domain/policy-input.js'
import { combine, combineLists, type Said } from '../combine.js'
import { explanationOf } from '../explanation-of.js'
import { policyError } from '../parse-decision.js'
import type { PolicyOfParts } from '../policy-parts.js'
import { isReadable, isTooLarge, shownInput, type ShownLimits } from '../shown-input.js'
import type { CompiledFile, CompiledRule } from './compiled-rule.js'
import { decideFile } from './file-decision.js'
import { findingsOf, isInScope } from './file-findings.js'
import { reportsOn } from './file-reports.js'
import { createJudgement } from './judgement.js'
import { createListJudge } from './list-judge.js'
import { subjectOf } from './matchers.js'
import { passed } from './passed.js'
import { createRedacts } from './redacting-rules.js'
import type { RuleHook, RuleIndex, Seat } from './rule-index.js'
import type { RuleSet } from './rule.js'
import { createStreamSeats } from './stream-seats.js'

export interface RulesPolicyParts extends ShownLimits {
  readonly revision: string
  readonly digest: string
  readonly budgetMs: number
  readonly files: readonly CompiledFile[]
  readonly index: RuleIndex
  readonly sensitive: RuleSet['sensitive']
  readonly classify: ClassifyTool
  /** Told of every error that blocks nothing. */
  readonly onRuleError: (cause: FaultCause) => void
}

/** A policy of rules. Whatever goes wrong is a decision too: a refusal that says what it was. */
export function createRulesPolicy(parts: RulesPolicyParts): PolicyOfParts {
  const { revision, digest, index, budgetMs, onRuleError } = parts
  const unopposed = passed(revision)
  const listJudge = createListJudge(parts)
  const streamSeats = createStreamSeats()

  function seatsFor(hook: RuleHook, call: Call): readonly Seat[] {
    const own = index.seats(hook, subjectOf(call))
    const { causedBy: operation, server } = call
    if (operation === undefined || hook === 'pre') return own
    const ofStream = streamSeats(index.seats(hook, subjectOf({ operation, server })))
    return ofStream.length === 0 ? own : [...own, ...ofStream]
  }

  function judgesReplies(call: Call): boolean {
    return seatsFor('post', call).some(
      ({ file, rules }) =>
        isInScope(file, call) && rules.some(({ fitsCaller }) => fitsCaller?.(call) !== false),
    )
  }

  function said(input: PolicyInput): readonly Said[] {
    try {
      return saidBy(input)
    } catch {
      return [fault('trap', revision)]
    }
  }

  function saidBy(input: PolicyInput): readonly Said[] {
    const { hook, call } = input
    if (hook === 'list') return saidOfList(input)
    if (isTooLarge(input, parts)) return [fault('input_too_large', revision)]
    const seats = seatsFor(hook, call)
    if (seats.length === 0) return nothing
    const shown = shownInput(input, parts)
    if (shown === undefined) return [fault('input_too_large', revision)]
    if (!isReadable(shown)) return [fault('input', revision)]
    const judgement = createJudgement(shown, budgetMs, onRuleError)
    const all: Said[] = []
    for (const seat of seats) {
      if (!isInScope(seat.file, call)) continue
      const own = decideFile(seat, findingsOf(seat, judgement), judgement, parts)
      if (own !== undefined) all.push(own)
    }
    return all
  }

  function saidOfList(input: PolicyInput): readonly Said<ListDecision>[] {
    const shown = shownInput(input, parts)
    if (shown === undefined) return [fault('input_too_large', revision)]
    if (!isReadable(shown)) return [fault('input', revision)]
    try {
      return [{ name: partName, decision: listJudge.judge(shown) }]
    } catch {
      return [fault('trap', revision)]
    }
  }

  function list(input: PolicyInput): ListDecision {
    return combineLists(saidOfList(input), revision)
  }

  function evaluate(input: PolicyInput): Decision {
    if (input.hook === 'list') return list(input)
    const all = said(input)
    return all.length === 0 ? unopposed : combine(all, revision)
  }

  function reports(input: PolicyInput): readonly FileReport[] {
    const shown = input.hook === 'list' ? undefined : shownInput(input, parts)
    if (shown === undefined || shown.hook === 'list' || !isReadable(shown)) return []
    return reportsOn(
      shown.hook,
      createJudgement(shown, budgetMs, () => undefined),
      parts,
    )
  }

  return {
    revision,
    digest,
    hooks: { pre: true, post: index.rules('post').length > 0, list: listJudge.canHide },
    said,
    saidOfList,
    reports,
    evaluate,
    list,
    redacts: createRedacts(index),
    judgesReplies,
    needsCall: index.rules('post').some(tightens),
    explain: (input) => explanationOf(evaluate(input), said(input), reports(input)),
    retire: () => undefined,
  }
}

/** Whether it is in force and can take something from a result. */
function tightens({ rule, isOnTrial }: CompiledRule): boolean {
  return !isOnTrial && !harmless.has(rule.action.effect)
}

const harmless: ReadonlySet<string> = new Set(['allow', 'audit', 'warn'])

const nothing: readonly Said[] = []
const partName = 'rules'

function fault(cause: FaultCause, revision: string): Said<Deny> {
  return {
    name: partName,
    decision: { ...policyError(cause, '', revision), engine: 'rules' },
  }
}
