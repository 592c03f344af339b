import type { Bundle } from '../domain/bundle.js'
import { PolicySupplyError } from '../domain/errors.js'
import { prepareRego, type PreparedRego } from './prepare-rego.js'
import { readRules, type RuleWarning } from './rules/read-rules.js'
import { inOrder } from './rules/rule-order.js'
import type { RuleSet } from './rules/rule.js'

/** What decides in a bundle: Rego, rules, or both. */
export type PolicyContents = Pick<Bundle, 'wasm' | 'entrypoints' | 'data' | 'rules' | 'schemas'>

export interface PolicyLimits {
  /** Longer documents are refused or projected before they are judged. */
  readonly maxInputBytes: number
  /** Longest computation of one decision, milliseconds of a machine that the fuel was measured on. */
  readonly budgetMs: number
}

/** A policy that was compiled, checked and warmed up: what another thread needs to run it at once. Structured-cloneable. */
export interface PreparedPolicy {
  readonly limits: PolicyLimits
  readonly rego: PreparedRego | undefined
  readonly rules: RuleSet | undefined
  /** What the author of the rules should know of them. */
  readonly ruleWarnings: readonly RuleWarning[]
}

/**
 * Does all that takes long with a policy, so that it can be done off the serving thread.
 * @throws PolicySupplyError `compile` or `check`
 */
export async function preparePolicy(
  contents: PolicyContents,
  limits: PolicyLimits,
): Promise<PreparedPolicy> {
  const { wasm, entrypoints, data } = contents
  const hasRules = contents.rules.length > 0
  if (wasm === undefined && !hasRules) throw dataAlone()
  const { rules, warnings } = hasRules ? readRules(contents.rules, contents.schemas) : noRules
  const rego =
    wasm === undefined
      ? undefined
      : await prepareRego({ wasm, entrypoints, data, hasRules }, limits)
  const ordered = rules === undefined ? undefined : inOrder(rules)
  return { limits, rego, rules: ordered, ruleWarnings: warnings }
}

const noRules = { rules: undefined, warnings: [] } as const

/** What is handed over to another thread instead of being copied. */
export function transferablesOf({ rego }: PreparedPolicy): ArrayBuffer[] {
  if (rego === undefined) return []
  const { data, snapshot, pieces } = rego
  return [data, snapshot.low].map(({ buffer }) => buffer as ArrayBuffer).concat(pieces)
}

/** The same, so that opening it leaves the original to be opened again. */
export function reopenable(prepared: PreparedPolicy): PreparedPolicy {
  const { rego } = prepared
  if (rego === undefined) return prepared
  return { ...prepared, rego: { ...rego, pieces: [...rego.pieces] } }
}

function dataAlone(): PolicySupplyError {
  return new PolicySupplyError(
    'check',
    'The bundle has data and no policy: add rules.yaml, or build Rego with "opa build -t wasm -e mcp/pre"',
  )
}
