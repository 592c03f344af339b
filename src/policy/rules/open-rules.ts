import { setImmediate } from 'node:timers/promises'
import type { Patterns } from '../../domain/ports.js'
import type { PolicyParts } from '../compile.js'
import { compileCondition } from '../cel/compile.js'
import type { Condition } from '../cel/condition.js'
import type { PolicyOfParts } from '../policy-parts.js'
import { compileFile, compileRule, type CompiledFile } from './compiled-rule.js'
import { createRuleIndex } from './rule-index.js'
import type { Rule, RuleSet } from './rule.js'
import { createRulesPolicy } from './rules-policy.js'

/**
 * Compiles the rules anew, as functions cannot be posted from thread to thread; in slices, so that others get their turn
 * all the while. `rules` are in their order.
 */
export async function openRules(rules: RuleSet, parts: PolicyParts): Promise<PolicyOfParts> {
  const files: CompiledFile[] = rules.files.map(compileFile)
  const index = createRuleIndex(files)
  const conditionOf = createConditions(parts.patterns)
  const pause = createPauses()
  let order = 0
  for (const file of files) {
    for (const rule of file.file.rules) {
      const condition = conditionOf(rule)
      index.add(compileRule(rule, file, { order, condition, patterns: parts.patterns }))
      order += 1
      await pause()
    }
  }
  return createRulesPolicy({
    ...{ ...parts, ...parts.limits },
    files,
    index: index.finish(),
    sensitive: rules.sensitive,
    onRuleError: parts.onRuleError ?? (() => undefined),
  })
}

/** Each condition once, however many rules have it. */
function createConditions(patterns: Patterns): (rule: Rule) => Condition | undefined {
  const compiled = new Map<string, Condition>()
  return ({ when }) => {
    if (when === undefined) return undefined
    const condition = compiled.get(when) ?? compileCondition(when, patterns)
    compiled.set(when, condition)
    return condition
  }
}

/** Longest time for which calls are kept waiting, and one rule, milliseconds. */
const sliceMs = 1

function createPauses(): () => Promise<void> | undefined {
  let since = performance.now()
  return () => {
    if (performance.now() - since < sliceMs) return undefined
    return setImmediate().then(() => {
      since = performance.now()
    })
  }
}
