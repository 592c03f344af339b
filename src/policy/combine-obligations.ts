import type { FieldPath } from '../domain/field-path.js'
import type {
  Filter,
  Mask,
  MergePatch,
  Obligation,
  OperationsPatch,
  Replace,
} from '../domain/obligation.js'
import { clashOf, displacedBy } from './combine-patches.js'
import { leastShownLast } from './combine-masks.js'

/** What one of several wants done to the same message. */
export interface Given {
  readonly name: string
  readonly obligations: readonly Obligation[]
}

export type Combined =
  | { readonly type: 'obligations'; readonly obligations: readonly Obligation[] }
  /** They cannot all be carried out. */
  | { readonly type: 'conflict'; readonly message: string }

/**
 * All that several want done, such that each hides at least what it hides alone: patches (operations first, which then
 * see what their author saw), replaces, filters, masks; each in the order given.
 */
export function combineObligations(given: readonly Given[]): Combined {
  const wanting = given.filter(({ obligations }) => obligations.length > 0)
  const [first, ...others] = wanting.map(sorted)
  if (first === undefined || others.length === 0) {
    return { type: 'obligations', obligations: wanting[0]?.obligations ?? [] }
  }
  const all = [first, ...others]
  const message = conflictIn(all)
  if (message !== undefined) return { type: 'conflict', message }
  const replaces = all.flatMap((each) => each.replaces)
  const filters = oneFilter(all.flatMap((each) => each.filters))
  const masks = leastShownLast(all.flatMap((each) => each.masks))
  return {
    type: 'obligations',
    obligations: [
      ...distinct(all.flatMap((each) => each.operations)),
      ...all.flatMap((each) => each.merges),
      ...(mayUncover(all) ? inPlace(filters, masks) : []),
      ...replaces,
      ...filters,
      ...masks,
    ],
  }
}

interface Sorted {
  readonly name: string
  readonly operations: readonly OperationsPatch[]
  readonly merges: readonly MergePatch[]
  readonly replaces: readonly Replace[]
  readonly filters: readonly Filter[]
  readonly masks: readonly Mask[]
}

function sorted({ name, obligations }: Given): Sorted {
  return {
    name,
    operations: obligations.filter((each) => each.type === 'operations'),
    merges: obligations.filter((each) => each.type === 'merge'),
    replaces: obligations.filter((each) => each.type === 'replace'),
    filters: obligations.filter((each) => each.type === 'filter'),
    masks: obligations.filter((each) => each.type === 'mask'),
  }
}

function conflictIn(all: readonly Sorted[]): string | undefined {
  for (const [index, one] of all.entries()) {
    for (const other of all.slice(index + 1)) {
      const conflict = conflictBetween(one, other)
      if (conflict !== undefined) return conflict
    }
  }
  return undefined
}

function conflictBetween(one: Sorted, other: Sorted): string | undefined {
  for (const patch of [...one.operations, ...one.merges]) {
    for (const second of [...other.operations, ...other.merges]) {
      const place = clashOf(patch, second)
      if (place !== undefined) {
        return `the patches of ${one.name} and ${other.name} differ about ${place}`
      }
    }
  }
  return displacement(one, other) ?? displacement(other, one)
}

/** What a patch carries elsewhere is no longer where another looks for it. */
function displacement(mover: Sorted, seeker: Sorted): string | undefined {
  const paths = pathsOf(seeker)
  if (paths.length === 0) return undefined
  for (const patch of mover.operations) {
    const place = displacedBy(patch, paths.some(hasIndex))
    if (place !== undefined) {
      return `the patch of ${mover.name} moves ${place}, where ${seeker.name} has something to hide`
    }
  }
  return undefined
}

function pathsOf({ replaces, filters, masks }: Sorted): readonly FieldPath[] {
  return [...replaces.map(({ path }) => path), ...redacted([...filters, ...masks])]
}

function redacted(obligations: readonly (Filter | Mask)[]): readonly FieldPath[] {
  return obligations.flatMap(({ paths }) => paths)
}

function hasIndex({ steps }: FieldPath): boolean {
  return steps.some(({ type }) => type === 'index')
}

/** In one pass, so that no item moves up before another filter has counted to it. */
function oneFilter(filters: readonly Filter[]): readonly Filter[] {
  return filters.length === 0 ? [] : [{ type: 'filter', paths: redacted(filters) }]
}

/**
 * Whether something could be hidden from a filter or mask by the time that its turn comes: a text that another
 * rewrote may no longer be the JSON that it held, and behind an item that another removed every item has moved up.
 */
function mayUncover(all: readonly Sorted[]): boolean {
  return all.some((one) =>
    all.some((other) => {
      if (one === other) return false
      if (one.replaces.length > 0 && other.filters.length + other.masks.length > 0) return true
      return one.filters.length > 0 && redacted(other.masks).some(hasIndex)
    }),
  )
}

/** Hides everything where it stands, and leaves the order of items as it is. */
function inPlace(filters: readonly Filter[], masks: readonly Mask[]): readonly Mask[] {
  return [...filters.map(({ paths }): Mask => ({ type: 'mask', paths, mask: '' })), ...masks]
}

/** The same operations once: they would not apply a second time. */
function distinct(patches: readonly OperationsPatch[]): readonly OperationsPatch[] {
  const kept = new Map(patches.map((patch) => [JSON.stringify(patch.operations), patch]))
  return [...kept.values()]
}
