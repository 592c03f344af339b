import type { CelRoot } from './condition.js'
import type { Expr } from './engine.js'
import { memberOf } from './reads.js'
import { isRoot } from './roots.js'
import { callOf, loopOf, nameOf, partsOf, type Loop } from './tree.js'

/** The loops of a condition: those that stand side by side, each with those inside of it. */
export interface PlannedLoop {
  readonly range: LoopRange
  readonly inner: readonly PlannedLoop[]
}

export type LoopRange =
  /** What is written out. */
  | { readonly type: 'count'; readonly count: number }
  /** `user.permissions` */
  | { readonly type: 'path'; readonly root: CelRoot; readonly fields: readonly string[] }
  /** A part of what the loop around it is at: all its turns together are not more than the message has parts. */
  | { readonly type: 'part' }
  | { readonly type: 'any' }

export function loopsIn(expr: Expr, variables: ReadonlySet<string> = new Set()): PlannedLoop[] {
  const loop = loopOf(expr)
  if (loop === undefined) return partsOf(expr).flatMap((part) => loopsIn(part, variables))
  const { iterRange, iterVar, loopStep } = loop
  const inner = new Set([...variables, iterVar])
  return [
    ...(iterRange === undefined ? [] : loopsIn(iterRange, variables)),
    {
      range: rangeOf(loop, variables),
      inner: loopStep === undefined ? [] : loopsIn(loopStep, inner),
    },
  ]
}

function rangeOf({ iterRange }: Loop, variables: ReadonlySet<string>): LoopRange {
  return iterRange === undefined ? { type: 'count', count: 0 } : sizeOf(iterRange, variables)
}

function sizeOf(range: Expr, variables: ReadonlySet<string>): LoopRange {
  const { exprKind } = range
  if (exprKind.case === 'listExpr') return { type: 'count', count: exprKind.value.elements.length }
  if (exprKind.case === 'structExpr') return { type: 'count', count: exprKind.value.entries.length }
  // What map and filter give is no longer than what they run over.
  const loop = loopOf(range)
  if (loop !== undefined) return rangeOf(loop, variables)
  const path = pathOf(range)
  const [first = '', ...fields] = path ?? []
  if (variables.has(first)) return { type: 'part' }
  if (first.startsWith('$'))
    return { type: 'path', root: 'args', fields: [...argument(first), ...fields] }
  return isRoot(first) ? { type: 'path', root: first, fields } : { type: 'any' }
}

function argument(name: string): string[] {
  return name === '$' || name === '$args' ? [] : [name.slice(1)]
}

/** `user`, `permissions`; undefined where it is no plain path. */
function pathOf(expr: Expr): readonly string[] | undefined {
  const name = nameOf(expr)
  if (name !== undefined) return [name]
  const { operand, field } = memberOf(expr)
  if (operand === undefined || field === undefined || callOf(expr)?.function === 'has')
    return undefined
  const path = pathOf(operand)
  return path && [...path, field]
}

/** What a message has of lists and maps. */
export interface Extent {
  sizeAt(root: CelRoot, fields: readonly string[]): number
  /** Items or members of the largest of them. */
  largest(): number
  nodes(): number
}

/** How many turns the loops take at most: the largest list to the power of the depth, where nothing better is known. */
export function mostTurns(loops: readonly PlannedLoop[], extent: Extent, times = 1): number {
  return loops.reduce((sum, { range, inner }) => {
    const turns = turnsOf(range, extent, times)
    return sum + turns + mostTurns(inner, extent, turns)
  }, 0)
}

function turnsOf(range: LoopRange, extent: Extent, times: number): number {
  switch (range.type) {
    case 'count':
      return times * range.count
    case 'path':
      return times * extent.sizeAt(range.root, range.fields)
    case 'part':
      return Math.min(times * extent.largest(), Math.max(times, extent.nodes()))
    case 'any':
      return times * extent.largest()
  }
}
