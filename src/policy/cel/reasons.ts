import type { CelError, Expr, ParsedCel } from './engine.js'
import { CelReason } from './meter.js'
import { memberOf } from './reads.js'
import { callOf, nameOf, partsOf } from './tree.js'

/** Why a condition came to no result, in the words of its author and without a value of the call. */
export function reasonOf(error: CelError, parsed: ParsedCel): string {
  const path = pathTo(parsed.expr, error.exprId) ?? [parsed.expr]
  const part = writtenPart(path.at(-1) ?? parsed.expr)
  const { message, cause } = error
  if (cause instanceof CelReason) return `${cause.message}: ${short(parsed, part)}`
  if (/^(?:unresolved attribute|field not found|index )/.test(message)) {
    return `missing: ${short(parsed, missingPart(path, message))}`
  }
  const [, target = '', operands] = /applied to '(?:([\w.]*)\.)?\(([\w., ]*)\)'/.exec(message) ?? []
  if (operands !== undefined) {
    const types = [target, operands].filter((text) => text !== '').map(shortTypes)
    return `wrong types (${types.join(', ')}): ${short(parsed, part)}`
  }
  if (message.startsWith('type mismatch')) return `neither true nor false: ${short(parsed, part)}`
  const known = /divide by zero|modulus by zero|overflow/.exec(message)?.[0]
  return `${known ?? 'cannot be evaluated'}: ${short(parsed, part)}`
}

/** Of what a macro adds to the author's own part, such as `@result || x`, that part. */
function writtenPart(part: Expr): Expr {
  const [left, right] = callOf(part)?.args ?? []
  return nameOf(left)?.startsWith('@') === true && right !== undefined ? right : part
}

/** From the whole to the part with this id. */
function pathTo(expr: Expr, id: bigint | undefined): readonly Expr[] | undefined {
  if (id === undefined) return undefined
  // Ids are numbers of any kind.
  if (String(expr.id) === String(id)) return [expr]
  for (const part of partsOf(expr)) {
    const path = pathTo(part, id)
    if (path !== undefined) return [expr, ...path]
  }
  return undefined
}

/** The library tells of a root alone where it is not there, and of what a row of members begins with. */
function missingPart(path: readonly Expr[], message: string): Expr | undefined {
  const [part, ...owners] = path.toReversed()
  if (message.startsWith('unresolved attribute')) {
    const [owner] = owners
    const isOwned = owner !== undefined && memberOf(owner).operand === part
    return isOwned && nameOf(part)?.startsWith('$') !== true ? owner : part
  }
  const key = message.replace(/^(?:field not found: |index )/, '').replace(/ out of bounds.*/, '')
  const row = [part, ...owners].filter((expr) => expr !== undefined)
  return row.find((expr) => isKeyOf(expr, key)) ?? row.find(hasComputedKey) ?? part
}

function isKeyOf(expr: Expr, key: string): boolean {
  const { operand, field, index } = memberOf(expr)
  return operand !== undefined && (field === key || index === key)
}

function hasComputedKey(expr: Expr): boolean {
  const { operand, field, index } = memberOf(expr)
  return operand !== undefined && field === undefined && index === undefined
}

function shortTypes(types: string): string {
  return types.replaceAll('google.protobuf.', '').toLowerCase()
}

export function short(parsed: ParsedCel, part: Expr | undefined): string {
  if (part === undefined) return ''
  const text = parsed.write(part)
  return text.length <= longest ? text : `${text.slice(0, longest - 1)}…`
}

const longest = 200
