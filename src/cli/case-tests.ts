import { GatewayError } from '../domain/errors.js'
import type { Explanation } from '../domain/explanation.js'
import type { PolicyCase } from '../domain/policy-case.js'
import { differencesOf } from './case-differences.js'
import { runThroughGateway, type CaseParts, type CaseRun } from './case-run.js'
import { difference, type Difference } from './difference.js'

export interface CaseOutcome {
  readonly name: string
  /** `file:line` */
  readonly place: string
  readonly verdict: 'passed' | 'failed' | 'skipped'
  /** What was not as expected. */
  readonly differences: readonly Difference[]
  /** Ids of rules whose conditions held. */
  readonly held: readonly string[]
}

/** Sends the case's call through a gateway, and compares what comes of it. */
export async function runCase(tested: PolicyCase, parts: CaseParts): Promise<CaseOutcome> {
  const { name, place } = tested
  try {
    const run = await runThroughGateway(tested, parts)
    const explanations = explained(run, parts)
    const held = heldIn(run, explanations)
    if (run.lacksServer) return { name, place, verdict: 'skipped', differences: [], held }
    const differences = differencesOf(tested, { ...run, layers: layersOf(explanations) })
    const verdict = differences.length === 0 ? 'passed' : 'failed'
    return { name, place, verdict, differences, held }
  } catch (thrown) {
    if (!(thrown instanceof GatewayError)) throw thrown
    const differences = [difference('the case', 'a call', thrown.message)]
    return { name, place, verdict: 'failed', differences, held: [] }
  }
}

function explained({ asked }: CaseRun, { policy }: CaseParts): readonly Explanation[] {
  const { explain } = policy
  if (explain === undefined) return []
  return asked.filter(({ hook }) => hook !== 'list').map((input) => explain(input))
}

function heldIn({ decisions }: CaseRun, explanations: readonly Explanation[]): readonly string[] {
  const named = decisions.flatMap(({ decision: { rules, trial } }) => [
    ...rules,
    ...trial.map(({ rule }) => rule),
  ])
  const holding = explanations.flatMap(({ files }) =>
    files.flatMap(({ rules }) =>
      rules.filter(({ outcome }) => outcome === 'holds' || outcome === 'exempted'),
    ),
  )
  return [...new Set([...named, ...holding.map(({ id }) => id)])]
}

/** Of the hook that stopped the call, or else of all. */
function layersOf(explanations: readonly Explanation[]): readonly string[] {
  const stopping = explanations.find(({ decision }) => decision.effect !== 'allow')
  const deciding = stopping === undefined ? explanations : [stopping]
  return deciding.flatMap(({ files }) =>
    files.filter(({ decides }) => decides).map(({ layer }) => layer),
  )
}
