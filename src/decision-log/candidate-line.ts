import type { Decision } from '../domain/decision.js'
import type { CandidateEntry } from '../domain/entry.js'
import { isJsonObject } from '../domain/json.js'
import type { Obligation } from '../domain/obligation.js'
import { quoted, texts } from './json-line.js'

/** What changes, what was decided, and what the candidate would have decided: members as JSON. */
export function disagreementMembers({ change, active, candidate }: CandidateEntry): string {
  return `,"change":"${change}",${saidBy(active)},"candidate":{${saidBy(candidate)}}`
}

function saidBy(decision: Decision): string {
  const { effect, reason, engine, rules, warnings, revision } = decision
  const code = effect === 'deny' ? decision.code : undefined
  const duties = effect === 'allow' || effect === 'dry_run' ? decision.obligations : []
  return (
    `"effect":"${effect}"` +
    (code === undefined ? '' : `,"code":"${code}"`) +
    (reason === '' ? '' : `,"reason":${quoted(reason)}`) +
    `,"engine":"${engine}","rules":${texts(rules)},"warnings":${texts(warnings)}` +
    (duties.length === 0 ? '' : `,"obligations":${texts(duties.flatMap(placesOf))}`) +
    `,"revision":${quoted(revision)}`
  )
}

/** What an obligation does where. The values that it writes may be nobody's business. */
function placesOf(obligation: Obligation): readonly string[] {
  switch (obligation.type) {
    case 'merge': {
      const { root, value } = obligation
      return Object.keys(isJsonObject(value) ? value : {}).map((key) => `patch ${root}.${key}`)
    }
    case 'operations':
      return obligation.operations.map(({ op, path }) => `${op} ${path}`)
    case 'replace':
      return [`replace ${obligation.path.source}`]
    case 'filter_sensitive':
      return ['filter_sensitive']
    case 'filter':
    case 'mask':
      return obligation.paths.map(({ source }) => `${obligation.type} ${source}`)
  }
}
