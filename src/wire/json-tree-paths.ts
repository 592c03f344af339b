import type { FieldPath, FieldStep } from '../domain/field-path.js'

/**
 * How far field paths have been followed to a place in a document. Equal states are the same
 * object.
 */
export interface PathState {
  /** A path names the value that stands here. */
  readonly isNamed: boolean
  /** No path names anything inside the value that stands here. */
  readonly isDone: boolean
  member(name: string): PathState
  item(index: number): PathState
  /** The state at the root of the document that the string here holds. */
  document(): PathState
}

/** The state at the root of the document. */
export function followPaths(paths: readonly FieldPath[]): PathState {
  const states = new Map<string, PathState>()
  let positions = 0
  return stateOf(paths.map(firstPosition))

  function firstPosition(path: FieldPath): Position {
    const isRelative = path.root === undefined
    const steps = isRelative ? [deep, ...path.steps] : path.steps
    return positionAt(steps, 0, isRelative)
  }

  function positionAt(steps: readonly FieldStep[], index: number, isRelative: boolean): Position {
    const step = steps[index]
    const id = positions++
    if (step === undefined) return { id, step, next: undefined, entersStrings: false }
    return {
      id,
      step,
      next: positionAt(steps, index + 1, isRelative),
      entersStrings: isRelative || (step.type === 'deep' && index === steps.length - 1),
    }
  }

  function stateOf(reached: readonly Position[]): PathState {
    const all = withSkipped(reached)
    const key = all.map(({ id }) => id).join()
    const state = states.get(key) ?? createState(all, stateOf)
    states.set(key, state)
    return state
  }
}

const deep: FieldStep = { type: 'deep' }

/** Before a step of one path; `step` is undefined behind the last. */
interface Position {
  readonly id: number
  readonly step: FieldStep | undefined
  readonly next: Position | undefined
  readonly entersStrings: boolean
}

/** `**` may stand for no level at all, so the step behind it is reached as well. */
function withSkipped(reached: readonly Position[]): readonly Position[] {
  const all = new Map<number, Position>()
  for (const first of reached) {
    let position: Position | undefined = first
    while (position !== undefined) {
      all.set(position.id, position)
      position = position.step?.type === 'deep' ? position.next : undefined
    }
  }
  return [...all.values()].sort((a, b) => a.id - b.id)
}

function createState(
  positions: readonly Position[],
  stateOf: (positions: readonly Position[]) => PathState,
): PathState {
  const names = new Set(positions.flatMap(({ step }) => (step?.type === 'key' ? [step.name] : [])))
  const indexes = new Set(
    positions.flatMap(({ step }) => (step?.type === 'index' ? [step.index] : [])),
  )
  // what the document calls its members is the sender's choice: only names that a path knows are kept apart
  const members = new Map<string | undefined, PathState>()
  const items = new Map<number | undefined, PathState>()
  let inside: PathState | undefined
  return {
    isNamed: positions.some(({ step }) => step === undefined),
    isDone: positions.every(({ step }) => step === undefined),
    member(name) {
      const known = names.has(name) ? name : undefined
      return remembered(members, known, () =>
        stateOf(positions.flatMap((position) => afterMember(position, name))),
      )
    },
    item(index) {
      const known = indexes.has(index) ? index : undefined
      return remembered(items, known, () =>
        stateOf(positions.flatMap((position) => afterItem(position, index))),
      )
    },
    document() {
      inside ??= stateOf(positions.filter(({ entersStrings }) => entersStrings))
      return inside
    },
  }
}

function remembered<Key>(known: Map<Key, PathState>, key: Key, create: () => PathState): PathState {
  const found = known.get(key)
  if (found !== undefined) return found
  const created = create()
  known.set(key, created)
  return created
}

function afterMember(position: Position, name: string): readonly Position[] {
  switch (position.step?.type) {
    case 'key':
      return position.step.name === name ? following(position) : []
    case 'any':
      return following(position)
    case 'deep':
      return [position]
    case 'index':
    case undefined:
      return []
  }
}

function afterItem(position: Position, index: number): readonly Position[] {
  switch (position.step?.type) {
    case 'key': // arrays are transparent to names
    case 'deep':
      return [position]
    case 'any':
      return following(position)
    case 'index':
      return position.step.index === index ? following(position) : []
    case undefined:
      return []
  }
}

function following(position: Position): readonly Position[] {
  return position.next === undefined ? [] : [position.next]
}
