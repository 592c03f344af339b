import type { Obligation } from '../../domain/obligation.js'
import type { CompiledRule } from './compiled-rule.js'
import type { Seat } from './rule-index.js'

/**
 * What rules about a call hide in the notifications of its stream too, and who is exempted from it. A rule that looks at
 * the result for something else is not about them.
 */
export function createStreamSeats(): (seats: readonly Seat[]) => readonly Seat[] {
  const known = new WeakMap<readonly Seat[], readonly Seat[]>()
  return (seats) => {
    const found = known.get(seats) ?? seats.flatMap(hidingPart)
    known.set(seats, found)
    return found
  }
}

function hidingPart({ file, rules }: Seat): readonly Seat[] {
  if (!rules.some(hides)) return []
  const own = rules.filter((rule) => hides(rule) || rule.rule.action.effect === 'allow')
  return [{ file, rules: own.map(lenient), refuses: undefined }]
}

function hides({ rule }: CompiledRule): boolean {
  const { effect } = rule.action
  return effect === 'filter_fields' || effect === 'mask_fields' || effect === 'replace'
}

/** A notification need not have what results have. */
function lenient(rule: CompiledRule): CompiledRule {
  const { given } = rule
  if (given === undefined) return rule
  const obligations = given.obligations.map((obligation): Obligation => {
    return 'onMissing' in obligation ? { ...obligation, onMissing: 'pass' } : obligation
  })
  return { ...rule, given: { ...given, obligations } }
}
