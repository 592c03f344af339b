import type { Decision, Hook, ListDecision } from '../domain/decision.js'
import type { FileReport } from '../domain/explanation.js'
import type { PolicyInput } from '../domain/policy-input.js'
import type { Policy } from '../domain/ports.js'
import { combine, combineLists, type Said } from './combine.js'
import { explanationOf } from './explanation-of.js'
import { reportOf, type PolicyOfParts } from './policy-parts.js'

/** The Rego and the rules of one bundle: both judge the same input by themselves, and the stricter wins. */
export function createJoinedPolicy(rego: Policy, rules: PolicyOfParts): PolicyOfParts {
  const { revision, digest } = rego
  const has = (hook: Hook): boolean => rego.hooks[hook] || rules.hooks[hook]

  function said(input: PolicyInput): readonly Said[] {
    const { hook } = input
    const ofRules = rules.hooks[hook] ? rules.said(input) : []
    if (!rego.hooks[hook]) return ofRules
    return [{ name: regoName, decision: rego.evaluate(input) }, ...ofRules]
  }

  function saidOfList(input: PolicyInput): readonly Said<ListDecision>[] {
    const ofRules = rules.hooks.list ? rules.saidOfList(input) : []
    return rego.hooks.list ? [{ name: regoName, decision: rego.list(input) }, ...ofRules] : ofRules
  }

  function reports(input: PolicyInput): readonly FileReport[] {
    const { hook } = input
    const ofRules = rules.hooks[hook] ? rules.reports(input) : []
    return rego.hooks[hook] ? [reportOf(regoName, rego, input), ...ofRules] : ofRules
  }

  const list = (input: PolicyInput): ListDecision => combineLists(saidOfList(input), revision)

  function evaluate(input: PolicyInput): Decision {
    if (input.hook === 'list') return list(input)
    const all = said(input)
    return all.length === 0 ? rules.evaluate(input) : combine(all, revision)
  }

  return {
    revision,
    digest,
    hooks: { pre: has('pre'), post: has('post'), list: has('list') },
    said,
    saidOfList,
    reports,
    evaluate,
    list,
    judgesReplies: (call) => rego.hooks.post || rules.judgesReplies?.(call) !== false,
    needsCall: rules.needsCall,
    redacts: (call, tool) => rego.redacts(call, tool) || rules.redacts(call, tool),
    explain: (input) => explanationOf(evaluate(input), said(input), reports(input)),
    retire: () => {
      rego.retire()
      rules.retire()
    },
  }
}

/** A policy of Rego alone, which tells how it decides as the others do. */
export function withExplanation(rego: Policy): Policy {
  return {
    ...rego,
    explain: (input) => {
      const report = reportOf(regoName, rego, input)
      const decision = input.hook === 'list' ? rego.list(input) : rego.evaluate(input)
      return { decision, files: [{ ...report, decides: true }] }
    },
  }
}

const regoName = 'rego'
