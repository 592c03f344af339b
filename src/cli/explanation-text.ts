import { asWritten } from './local-policy.js'
import type { Decision } from '../domain/decision.js'
import type { Explanation, FileReport, RuleReport } from '../domain/explanation.js'

/** How a decision came about, in lines: what was decided, by which file, and each rule that was looked at. */
export function explanationLines(title: string, { decision, files }: Explanation): string {
  const lines = [
    `${title}: ${decisionText(decision)}`,
    ...files.filter(({ decides }) => decides).map(deciderText),
    ...decision.trial.map(({ rule, effect, reason }) =>
      joined(`  on trial: ${rule} would_${effect}`, reason),
    ),
    ...decision.warnings.map((warning) => `  warning: ${warning}`),
    ...obligationsOf(decision).map((obligation) => `  obliges ${JSON.stringify(obligation)}`),
    ...files.flatMap(fileLines),
  ]
  return `${lines.join('\n')}\n`
}

/** `deny (policy_deny): HR department only` */
export function decisionText(decision: Decision): string {
  const { effect, reason } = decision
  if (effect !== 'deny') return joined(effect, reason)
  const fault = decision.fault === undefined ? '' : `, ${decision.fault}`
  return joined(`deny (${decision.code}${fault})`, reason)
}

function obligationsOf(decision: Decision): readonly unknown[] {
  return decision.effect === 'allow' || decision.effect === 'dry_run'
    ? decision.obligations.map(asWritten)
    : []
}

function joined(head: string, reason: string): string {
  return reason === '' ? head : `${head}: ${reason}`
}

function deciderText({ name, layer, byDefault }: FileReport): string {
  const by = name === 'rego' ? 'Rego' : `${name} (layer ${layer})`
  return `  decided by ${by}${byDefault ? ', by its default' : ''}`
}

function fileLines({ name, layer, effect, rules }: FileReport): readonly string[] {
  const head =
    name === 'rego' ? `  Rego says ${effect}` : `  ${name} (layer ${layer}) says ${effect}`
  if (rules.length === 0) return [`${head}; no rule fits`]
  return [head, ...rules.flatMap(ruleLines)]
}

function ruleLines(rule: RuleReport): readonly string[] {
  const { id, place, effect, mode, outcome, reason, when, values, error } = rule
  const trial = mode === 'enforce' ? '' : ` on trial (${mode})`
  const why = reason === '' ? '' : ` "${reason}"`
  const at = place === '' ? '' : ` ${place}`
  return [
    `    ${outcome.padEnd(outcomeWidth)} ${id}: ${effect}${trial}${why}${at}`,
    ...(when === undefined ? [] : [`${indent}when ${oneLine(when)}`]),
    ...values.map(({ expression, value }) => `${indent}  ${expression} = ${value}`),
    ...(error === undefined ? [] : [`${indent}error: ${error}`]),
  ]
}

const outcomeWidth = 'does not hold'.length
const indent = ' '.repeat('    '.length + outcomeWidth + 1)

function oneLine(text: string): string {
  return text.trim().replaceAll(/\s+/g, ' ')
}
