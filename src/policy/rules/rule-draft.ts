import type { CelRoot } from '../cel/condition.js'
import type { Path, Reporter } from './findings.js'
import { checkMembers } from './rule-members.js'
import { type RuleText, ruleSchema, type ShortRuleText, shortRuleSchema } from './rule-schema.js'
import { readBy } from './schema-faults.js'

/** A rule as it stands in a file, in either form. */
export interface Entry {
  readonly form: 'rule' | 'input' | 'output'
  readonly path: Path
  readonly raw: unknown
}

/** A rule whose members are what they should be, each by itself. */
export interface Draft {
  readonly form: Entry['form']
  /** Of the short form too: `condition` is `when` and `action` is `effect`. */
  readonly text: Omit<RuleText, 'id'> & { readonly id?: string | undefined }
  readonly condition: CheckedCondition | undefined
  /** How the file spells the members. */
  readonly keys: { readonly when: string; readonly effect: string }
  readonly reporter: Reporter
}

export interface CheckedCondition {
  readonly reads: ReadonlySet<CelRoot>
  readonly constant: boolean | undefined
}

/** What a condition is found to be, or where it is wrong. */
export type CheckCondition = (source: string) => CheckedCondition | ConditionFault

export interface ConditionFault {
  readonly message: string
  readonly offset: number
}

/** Undefined where something is wrong, which then was reported. */
export function readDraft(
  { form, raw }: Entry,
  reporter: Reporter,
  check: CheckCondition,
): Draft | undefined {
  const keys = form === 'rule' ? ruleKeys : shortKeys
  const text =
    form === 'rule'
      ? readBy(ruleSchema, raw, reporter)
      : longForm(readBy(shortRuleSchema, raw, reporter))
  const when = text?.when ?? textAt(raw, keys.when)
  const condition = when === undefined ? undefined : check(when)
  const isWhole = text !== undefined && checkMembers({ text, reporter, keys })
  const isFaulty = condition !== undefined && 'offset' in condition
  if (isFaulty) reporter.faultInText([keys.when], condition.offset, condition.message)
  if (!isWhole) return undefined
  return { form, text, condition: isFaulty ? unknownCondition : condition, keys, reporter }
}

// The rest of its rule is read on, to find what is wrong there. Most conditions are about arguments.
const unknownCondition: CheckedCondition = { reads: new Set(['args']), constant: undefined }

const ruleKeys = { when: 'when', effect: 'effect' }
const shortKeys = { when: 'condition', effect: 'action' }

function longForm(short: ShortRuleText | undefined): Draft['text'] | undefined {
  if (short === undefined) return undefined
  const { condition, action, ...shared } = short
  return { ...shared, when: condition, effect: action }
}

// The condition of a rule with other faults is checked as well, so that one run shows all of them.
function textAt(raw: unknown, key: string): string | undefined {
  if (typeof raw !== 'object' || raw === null) return undefined
  const value: unknown = Object.getOwnPropertyDescriptor(raw, key)?.value
  return typeof value === 'string' && value !== '' ? value : undefined
}
