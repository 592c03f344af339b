import type { ClassifyTool } from '../../domain/action-class.js'
import type { Call } from '../../domain/call.js'
import type { ListDecision } from '../../domain/decision.js'
import { createGlob } from '../../domain/glob.js'
import type { PolicyInput } from '../../domain/policy-input.js'
import { createCelBudget, type CelBudget } from '../cel/budget.js'
import type { CelRoot, Condition, Held } from '../cel/condition.js'
import { createCelContext, type CelContext } from '../cel/context.js'
import { isAbout, type CompiledFile, type CompiledRule } from './compiled-rule.js'
import { isInScope } from './file-findings.js'
import { isHarmless } from './harmless.js'
import { listedKinds, readPage, type ListedCall, type ListedPage } from './listed-page.js'
import { subjectOf } from './matchers.js'
import type { RuleIndex, Seat } from './rule-index.js'
import { passed } from './passed.js'
import { defaultRule } from './trial-marks.js'

/** Hides of lists what every call of it would be denied, whichever arguments it had. */
export interface ListJudge {
  /** Whether there is a rule that could hide something. */
  readonly canHide: boolean
  /** @param input as policy is to see it */
  judge(input: PolicyInput): ListDecision
}

export interface ListJudgeParts {
  readonly revision: string
  readonly budgetMs: number
  readonly files: readonly CompiledFile[]
  readonly index: RuleIndex
  readonly classify: ClassifyTool
}

export function createListJudge(parts: ListJudgeParts): ListJudge {
  const { revision, budgetMs, files, index, classify } = parts
  return {
    canHide: files.some(refusesByDefault) || index.rules('pre').some(canHide),
    judge(input) {
      const page = readPage(input, classify)
      const hiding = createHiding(page, index, createCelBudget(budgetMs))
      const rules = new Set<string>()
      const hidden = new Set<string>()
      for (const { name, calls } of page.items) {
        const found = calls.flatMap(hiding)
        if (found.length > 0) hidden.add(name)
        for (const rule of found) if (rules.size < mostRules) rules.add(rule)
      }
      const names = page.items.map(({ name }) => name).filter((name) => !hidden.has(name))
      return { ...passed(revision), rules: [...rules].sort(), names }
    },
  }
}

// A page has as many as it has items.
const mostRules = 16

function refusesByDefault({ file: { mode, default: stance, scope } }: CompiledFile): boolean {
  const { kind } = scope
  const hasItems = kind === undefined || listedKinds.some(createGlob(kind))
  return mode === 'enforce' && stance === 'deny' && hasItems
}

function canHide(rule: CompiledRule): boolean {
  const { condition } = rule
  // Whatever the effect is: a condition may err, and who calls is denied then.
  const canDeny = rule.rule.action.effect === 'deny' || condition !== undefined
  if (!canDeny || isHarmless(rule) || condition?.constant === false) return false
  return !readsMore(condition) && isOfItems(rule)
}

function isOfItems({ rule: { match } }: CompiledRule): boolean {
  return match.kind?.some((kind) => listedKinds.some(createGlob(kind))) !== false
}

/** The rules that hide what such a call would name. */
type Hiding = (call: ListedCall) => readonly string[]

function createHiding({ input }: ListedPage, index: RuleIndex, budget: CelBudget): Hiding {
  // What does not read the item holds for all of them or for none.
  const common = new Map<Condition, Held>()

  return (listed) => {
    const { operation, item, isTemplate } = listed
    const call: Call = { ...input.call, operation }
    const subject = subjectOf(call)
    const actionClass = item.kind === 'tools/call' ? item.actionClass : 'unknown'
    let context: CelContext | undefined

    const heldOf = (condition: Condition): Held => {
      context ??= createCelContext(input, { budget, item })
      if (readsAny(condition, ofItems)) return condition.evaluate(context)
      const held = common.get(condition) ?? condition.evaluate(context)
      common.set(condition, held)
      return held
    }

    const says = (rule: CompiledRule): Held | 'depends' => {
      const isOpen = isTemplate ? dependsOnResource(rule) : readsMore(rule.condition)
      if (isOpen) return 'depends'
      return rule.condition === undefined ? holds : heldOf(rule.condition)
    }

    const seats = index.seats('pre', isTemplate ? { ...subject, name: undefined } : subject)
    return seats
      .filter(({ file }) => isInScope(file, call))
      .flatMap(({ file, rules, refuses }) => {
        const own = rules.filter((rule) => !isHarmless(rule) && isAbout(rule, call, actionClass))
        return hidingRules({ file, rules: own, refuses }, says)
      })
  }
}

const holds: Held = { type: 'holds' }

function hidingRules(
  { file, rules, refuses }: Seat,
  says: (rule: CompiledRule) => Held | 'depends',
): readonly string[] {
  const hiding: string[] = []
  let mayBeAllowed = false
  for (const rule of rules) {
    const { id, action } = rule.rule
    const said = says(rule)
    if (said === 'depends' || said.type === 'holds') {
      if (action.effect === 'allow') mayBeAllowed = true
      if (action.effect === 'deny' && said !== 'depends') hiding.push(id)
    } else if (said.type === 'error') {
      hiding.push(id)
    }
  }
  const isRefused = refuses === 'enforce' && !mayBeAllowed
  return isRefused && hiding.length === 0 ? [defaultRule(file.file)] : hiding
}

const ofItems: readonly CelRoot[] = ['tool', 'resource', 'prompt']

function dependsOnResource({ rule, condition }: CompiledRule): boolean {
  return (
    rule.match.resource !== undefined || readsMore(condition) || readsAny(condition, ['resource'])
  )
}

/** Whether it reads more than a list says of its items. */
function readsMore(condition: Condition | undefined): boolean {
  return condition?.readsArguments === true || readsAny(condition, ['response', 'params'])
}

function readsAny(condition: Condition | undefined, roots: readonly CelRoot[]): boolean {
  return condition !== undefined && roots.some((root) => condition.reads.has(root))
}
