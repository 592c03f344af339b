import type { ConditionValue } from '../../domain/explanation.js'
import {
  celType,
  isCelList,
  isCelMap,
  isCelUint,
  type CelValue,
  type Expr,
  type ParsedCel,
} from './engine.js'
import { isRoot } from './roots.js'
import { short } from './reasons.js'
import { memberOf } from './reads.js'
import { callOf, loopOf, nameOf, partsOf } from './tree.js'

/** The parts of a condition that say how it came out: what it reads, comparisons and calls, in the order in which they stand. */
export function tellingParts(parsed: ParsedCel): readonly Expr[] {
  const parts: Expr[] = []
  collect(parsed.expr)
  return parts.toSorted((a, b) => endOf(parsed, a) - endOf(parsed, b))

  function collect(expr: Expr): void {
    if (isRead(expr)) {
      parts.push(expr)
      return
    }
    const name = callOf(expr)?.function
    if (loopOf(expr) !== undefined) {
      // Its variables have no values outside of it.
      const [range] = partsOf(expr)
      if (range !== undefined) collect(range)
      parts.push(expr)
      return
    }
    for (const part of partsOf(expr)) collect(part)
    const isTelling = name !== undefined && name !== '_[_]' && !joints.has(name)
    if (isTelling && expr !== parsed.expr) parts.push(expr)
  }
}

const joints = new Set(['_&&_', '_||_', '!_', '_?_:_'])

/** A root, `$name`, or members of them: `user.department`. */
function isRead(expr: Expr): boolean {
  const name = nameOf(expr)
  if (name !== undefined) return name.startsWith('$') || isRoot(name)
  const { operand, field } = memberOf(expr)
  if (operand !== undefined && field !== undefined) return isRead(operand)
  const call = callOf(expr)
  return call?.function === 'has'
}

function endOf(parsed: ParsedCel, expr: Expr): number {
  return partsOf(expr).reduce(
    (end, part) => Math.max(end, endOf(parsed, part)),
    parsed.offsetOf(expr),
  )
}

export function conditionValue(parsed: ParsedCel, part: Expr, value: string): ConditionValue {
  return { expression: short(parsed, part), value }
}

/** A value as JSON, cut where it is long. */
export function shown(value: CelValue): string {
  const text = jsonOf(value, deepestShown)
  return text.length <= longestShown ? text : `${text.slice(0, longestShown - 1)}…`
}

const longestShown = 200
const mostShown = 20
const deepestShown = 4

function jsonOf(value: CelValue, depth: number): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, longestShown))
  if (value === null || typeof value !== 'object') return String(value)
  if (isCelUint(value)) return String(value.value)
  if (isCelList(value)) return depth === 0 ? '[…]' : listOf(value, depth)
  if (isCelMap(value)) return depth === 0 ? '{…}' : mapOf(value, depth)
  if ('message' in value && 'seconds' in (value.message as object)) {
    const { seconds, $typeName } = value.message as { seconds: bigint; $typeName: string }
    return $typeName.endsWith('Timestamp')
      ? JSON.stringify(new Date(Number(seconds) * 1000).toISOString())
      : `"${seconds}s"`
  }
  return `"${celType(value).name}"`
}

function listOf(list: Iterable<CelValue>, depth: number): string {
  const items: string[] = []
  for (const item of list) {
    if (items.length === mostShown) return `[${items.join(',')},…]`
    items.push(jsonOf(item, depth - 1))
  }
  return `[${items.join(',')}]`
}

function mapOf(map: Iterable<readonly [unknown, CelValue]>, depth: number): string {
  const members: string[] = []
  for (const [key, value] of map) {
    if (members.length === mostShown) return `{${members.join(',')},…}`
    members.push(`${JSON.stringify(String(key))}:${jsonOf(value, depth - 1)}`)
  }
  return `{${members.join(',')}}`
}
