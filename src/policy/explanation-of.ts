import type { Decision } from '../domain/decision.js'
import type { Explanation, FileReport } from '../domain/explanation.js'
import { decidingOf, type Said } from './combine.js'

/** @param said those of the reported that had something to say */
export function explanationOf(
  decision: Decision,
  said: readonly Said[],
  reports: readonly FileReport[],
): Explanation {
  const name = said.length === 0 ? reports[0]?.name : decidingOf(said)?.name
  const files = reports.map((report) => ({
    ...report,
    decides: report.name === name && report.effect === decision.effect,
  }))
  return { decision, files }
}
