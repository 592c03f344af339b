import { fault } from './check.js'
import type { Held } from './condition.js'
import type { Expr, ParsedCel } from './engine.js'
import { readsOf } from './reads.js'
import { callOf } from './tree.js'

/**
 * What a condition gives whatever the call is; undefined where that depends on it.
 * @param evaluate is given parts that read nothing
 * @throws CelFault for a part that reads nothing and comes to no result
 */
export function constantOf(parsed: ParsedCel, evaluate: (part: Expr) => Held): boolean | undefined {
  return ofPart(parsed.expr)

  function ofPart(part: Expr | undefined): boolean | undefined {
    if (part === undefined) return undefined
    const call = callOf(part)
    const [first, second, third] = call?.args ?? []
    switch (call?.function) {
      case '_&&_':
        return joined(call.args.map(ofPart), false)
      case '_||_':
        return joined(call.args.map(ofPart), true)
      case '!_':
        return negated(ofPart(first))
      case '_?_:_':
        return chosen(ofPart(first), ofPart(second), ofPart(third))
      case undefined:
      default:
        return readsOf(part).roots.size > 0 ? undefined : valueOf(part)
    }
  }

  function valueOf(part: Expr): boolean {
    const held = evaluate(part)
    if (held.type === 'error') throw fault(parsed, part, `never comes to a result: ${held.reason}`)
    return held.type === 'holds'
  }
}

/** One `strong` settles it whatever the others are, errors included. */
function joined(values: readonly (boolean | undefined)[], strong: boolean): boolean | undefined {
  if (values.includes(strong)) return strong
  return values.includes(undefined) ? undefined : !strong
}

function negated(value: boolean | undefined): boolean | undefined {
  return value === undefined ? undefined : !value
}

function chosen(
  condition: boolean | undefined,
  left: boolean | undefined,
  right: boolean | undefined,
): boolean | undefined {
  if (condition === undefined) return undefined
  return condition ? left : right
}
