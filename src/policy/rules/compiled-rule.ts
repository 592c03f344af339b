import type { ActionClass } from '../../domain/action-class.js'
import type { Call } from '../../domain/call.js'
import type { Obligation } from '../../domain/obligation.js'
import type { Patterns } from '../../domain/ports.js'
import type { Condition } from '../cel/condition.js'
import type { Given } from '../combine-obligations.js'
import {
  classesOf,
  createCallerFits,
  createScopeCallerFits,
  createScopeFits,
  createSubjectFits,
  type CallerFits,
  type SubjectFits,
} from './matchers.js'
import type { Rule, RuleFile, RuleSet } from './rule.js'

/** A rule that is ready to be asked. */
export interface CompiledRule {
  readonly rule: Rule
  readonly file: CompiledFile
  /** Its place in the order in which rules are asked: by file, then by id. */
  readonly order: number
  readonly isOnTrial: boolean
  /** Whether calls of the subject can be the rule's, the scope of its file included. */
  readonly fitsSubject: SubjectFits
  /** Whether it is about the caller; undefined where it is about all of them. */
  readonly fitsCaller: CallerFits | undefined
  /** The classes of tools that it is about; what is no tool has none. Undefined where it is about whatever it fits. */
  readonly classes: ReadonlySet<ActionClass> | undefined
  /** Undefined where it always holds. */
  readonly condition: Condition | undefined
  /** What it wants done; undefined where it wants nothing done, or not the same of each tool. */
  readonly given: Given | undefined
}

export interface CompiledFile {
  readonly file: RuleFile
  readonly order: number
  readonly fitsSubject: SubjectFits
  readonly fitsCaller: CallerFits | undefined
}

export function compileFile(file: RuleFile, order: number): CompiledFile {
  const fitsSubject = createScopeFits(file.scope)
  return { file, order, fitsSubject, fitsCaller: createScopeCallerFits(file.scope) }
}

export function compileRule(
  rule: Rule,
  file: CompiledFile,
  parts: {
    readonly order: number
    readonly condition: Condition | undefined
    readonly patterns: Patterns
  },
): CompiledRule {
  const fits = createSubjectFits(rule.match)
  const obligations = obligationsOf(rule, parts.patterns)
  return {
    rule,
    file,
    order: parts.order,
    isOnTrial: rule.mode !== 'enforce',
    fitsSubject: (subject) => file.fitsSubject(subject) && fits(subject),
    fitsCaller: createCallerFits(rule.match),
    classes: classesOf(rule.match, rule.action.effect),
    condition: parts.condition?.constant === true ? undefined : parts.condition,
    given: obligations.length === 0 ? undefined : { name: rule.id, obligations },
  }
}

/** Whether the rule, whose subject fits, is about this caller and what the tool does. */
export function isAbout(
  { fitsCaller, classes }: CompiledRule,
  call: Call,
  actionClass: ActionClass,
): boolean {
  if (fitsCaller !== undefined && !fitsCaller(call)) return false
  return classes === undefined || (call.operation.type === 'tool' && classes.has(actionClass))
}

/** What the rule wants done to a message of this tool. */
export function givenBy(
  { rule, given }: CompiledRule,
  tool: string | undefined,
  sensitive: RuleSet['sensitive'],
): Given | undefined {
  const { action, id } = rule
  if (action.effect !== 'filter_sensitive') return given
  const paths = tool === undefined ? undefined : sensitive.get(tool)
  const { onUnreadable, onMissing } = action
  const obligation: Obligation = { type: 'filter_sensitive', paths, onUnreadable, onMissing }
  return { name: id, obligations: [obligation] }
}

function obligationsOf({ action }: Rule, patterns: Patterns): readonly Obligation[] {
  switch (action.effect) {
    case 'patch':
      return action.patches
    case 'replace':
      return action.replaces.map(({ path, pattern, with: replacement }) => {
        return { type: 'replace', path, pattern: patterns.compile(pattern), with: replacement }
      })
    case 'filter_fields': {
      const { paths, onUnreadable, onMissing } = action
      return [{ type: 'filter', paths, onUnreadable, onMissing }]
    }
    case 'mask_fields': {
      const { paths, style, onUnreadable, onMissing } = action
      return [{ type: 'mask', paths, style, onUnreadable, onMissing }]
    }
    case 'filter_sensitive':
    case 'allow':
    case 'audit':
    case 'warn':
    case 'deny':
    case 'ask':
    case 'dry_run':
      return []
  }
}
