import type { FieldPath } from '../domain/field-path.js'
import type {
  Filter,
  FilterSensitive,
  Mask,
  MaskStyle,
  MergePatch,
  Obligation,
  OperationsPatch,
  Replace,
} from '../domain/obligation.js'
import { clashOf, displacedBy } from './combine-patches.js'

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
 * see what their author saw), replaces, filters, masks; each in the order given. Filters and masks are carried out at
 * once, so their order says nothing.
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
  const hiding = [...all.flatMap(({ filters }) => filters), ...all.flatMap(({ masks }) => masks)]
  return {
    type: 'obligations',
    obligations: [
      ...distinct(all.flatMap((each) => each.operations)),
      ...all.flatMap((each) => each.merges),
      ...(mayUncover(all)
        ? [...hiding.map(inPlace), ...replaces, ...hiding.map(onceMore)]
        : [...replaces, ...hiding]),
    ],
  }
}

type Hiding = Filter | FilterSensitive | Mask

interface Sorted {
  readonly name: string
  readonly operations: readonly OperationsPatch[]
  readonly merges: readonly MergePatch[]
  readonly replaces: readonly Replace[]
  readonly filters: readonly (Filter | FilterSensitive)[]
  readonly masks: readonly Mask[]
}

function sorted({ name, obligations }: Given): Sorted {
  return {
    name,
    operations: obligations.filter((each) => each.type === 'operations'),
    merges: obligations.filter((each) => each.type === 'merge'),
    replaces: obligations.filter((each) => each.type === 'replace'),
    filters: obligations.filter(
      (each) => each.type === 'filter' || each.type === 'filter_sensitive',
    ),
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
  const { replaces, filters, masks } = seeker
  const isSeeking = replaces.length + filters.length + masks.length > 0
  const isCounting = pathsOf(seeker).some(hasIndex) || filters.some(isSensitive)
  for (const patch of isSeeking ? mover.operations : []) {
    const place = displacedBy(patch, isCounting)
    if (place !== undefined) {
      return `the patch of ${mover.name} moves ${place}, where ${seeker.name} has something to hide`
    }
  }
  return undefined
}

function isSensitive({ type }: Filter | FilterSensitive): boolean {
  return type === 'filter_sensitive'
}

/** As far as they are known. */
function pathsOf({ replaces, filters, masks }: Sorted): readonly FieldPath[] {
  const hidden = [...filters, ...masks].flatMap(({ paths }) => paths ?? [])
  return [...replaces.map(({ path }) => path), ...hidden]
}

function hasIndex({ steps }: FieldPath): boolean {
  return steps.some(({ type }) => type === 'index')
}

/** Whether the replace of one could leave a text that is no longer the JSON in which another finds something. */
function mayUncover(all: readonly Sorted[]): boolean {
  return all.some((one) =>
    all.some((other) => {
      const isHiding = other.filters.length + other.masks.length > 0
      return one !== other && one.replaces.length > 0 && isHiding
    }),
  )
}

/** Hides everything where it stands, and leaves the order of items as it is. */
function inPlace(hiding: Hiding): Hiding {
  switch (hiding.type) {
    case 'filter':
      return { ...hiding, type: 'mask', style: nothing }
    case 'filter_sensitive':
      return { ...hiding, style: nothing }
    case 'mask':
      return hiding
  }
}

const nothing: MaskStyle = { type: 'text', text: '' }

/** What was missing at first has been refused. */
function onceMore(hiding: Hiding): Hiding {
  return { ...hiding, onMissing: 'pass' }
}

/** The same operations once: they would not apply a second time. */
function distinct(patches: readonly OperationsPatch[]): readonly OperationsPatch[] {
  const kept = new Map(patches.map((patch) => [JSON.stringify(patch.operations), patch]))
  return [...kept.values()]
}
