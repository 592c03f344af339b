import { endOfScalar, endOfString, endOfValue, readKey, skipSpace } from './json-tree-scan.js'

/**
 * What becomes of a value: `keep` leaves it unread, `enter` asks about what it holds, `text` is
 * its new JSON text.
 */
export type Edit = 'keep' | 'enter' | 'remove' | { readonly text: string }

/**
 * Decides about every value on the way. `State` says where the walk is; it is a value, and the
 * walk keeps it.
 */
export interface Editor<State> {
  member(state: State, key: string): State
  item(state: State, index: number): State
  /** `literal` as it is spelled, quotes included. */
  editString(state: State, literal: string): Edit
  /** Any other value; `literal` as it is spelled, undefined for an object or array. */
  editValue(state: State, literal: string | undefined): Edit
}

/**
 * Walks a valid JSON text once, without recursion, and gives the text with the edits in it; every
 * other byte stays. Without an edit it is the same text. A removed root leaves `null`.
 */
export function editJson<State>(source: string, root: State, editor: Editor<State>): string {
  const walk: Walk<State> = { source, editor, frames: [], splices: [] }
  let place: Place<State> | undefined = { at: skipSpace(source, 0), state: root }
  while (place !== undefined) place = editPlace(walk, place)
  return splice(source, walk.splices)
}

interface Walk<State> {
  readonly source: string
  readonly editor: Editor<State>
  /** The containers around the place, outermost first. */
  readonly frames: Frame<State>[]
  /** In order, and apart from each other. */
  readonly splices: Splice[]
}

interface Place<State> {
  readonly at: number
  readonly state: State
}

interface Frame<State> {
  readonly state: State
  readonly isObject: boolean
  index: number
  /** Where the current member or item begins: after the delimiter before it. */
  begin: number
  /** The comma after the last member or item that stayed; -1 while none has. */
  comma: number
}

interface Splice {
  readonly start: number
  readonly end: number
  readonly text: string
}

function editPlace<State>(
  walk: Walk<State>,
  { at, state }: Place<State>,
): Place<State> | undefined {
  const { source, editor } = walk
  const first = source[at]
  if (first === '"') {
    const end = endOfString(source, at)
    return finish(walk, at, end, editor.editString(state, source.slice(at, end)))
  }
  if (first !== '{' && first !== '[') {
    const end = endOfScalar(source, at)
    return finish(walk, at, end, editor.editValue(state, source.slice(at, end)))
  }
  const edit = editor.editValue(state, undefined)
  const inner = skipSpace(source, at + 1)
  const isEmpty = source[inner] === '}' || source[inner] === ']'
  if (edit !== 'enter' || isEmpty) return finish(walk, at, endOfValue(source, at), edit)
  const frame = { state, isObject: first === '{', index: 0, begin: at + 1, comma: -1 }
  walk.frames.push(frame)
  return childOf(walk, frame)
}

function childOf<State>({ source, editor }: Walk<State>, frame: Frame<State>): Place<State> {
  if (!frame.isObject) {
    return {
      at: skipSpace(source, frame.begin),
      state: editor.item(frame.state, frame.index),
    }
  }
  const { key, valueAt } = readKey(source, frame.begin)
  return { at: valueAt, state: editor.member(frame.state, key) }
}

/**
 * Notes the edit of the value that ends at `end`, and gives the next value, which may stand
 * further out.
 */
function finish<State>(
  walk: Walk<State>,
  start: number,
  end: number,
  edit: Edit,
): Place<State> | undefined {
  const { source, frames, splices } = walk
  if (typeof edit === 'object') splices.push({ start, end, text: edit.text })
  if (edit === 'remove' && frames.length === 0) splices.push({ start, end, text: 'null' })
  let isRemoved = edit === 'remove'
  let at = end
  for (let frame = frames.at(-1); frame !== undefined; frame = frames.at(-1)) {
    const delimiter = skipSpace(source, at)
    if (source[delimiter] === ',') {
      if (isRemoved) splices.push({ start: frame.begin, end: delimiter + 1, text: '' })
      else frame.comma = delimiter
      frame.begin = delimiter + 1
      frame.index += 1
      return childOf(walk, frame)
    }
    if (isRemoved) removeLast(splices, frame, at)
    frames.pop()
    at = delimiter + 1
    isRemoved = false
  }
  return undefined
}

/**
 * With the last member goes the comma after the last one that stayed, and all that was removed
 * between.
 */
function removeLast<State>(splices: Splice[], frame: Frame<State>, end: number): void {
  const start = frame.comma === -1 ? frame.begin : frame.comma
  while ((splices.at(-1)?.start ?? -1) >= start) splices.pop()
  splices.push({ start, end, text: '' })
}

function splice(source: string, splices: readonly Splice[]): string {
  if (splices.length === 0) return source
  const pieces: string[] = []
  let at = 0
  for (const { start, end, text } of splices) {
    pieces.push(source.slice(at, start), text)
    at = end
  }
  pieces.push(source.slice(at))
  return pieces.join('')
}
