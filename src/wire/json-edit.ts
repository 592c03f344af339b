import { endOfScalar, endOfString, endOfValue, readKey, skipSpace } from './json-tree-scan.js'

/**
 * What becomes of a value: `keep` leaves it unread, `enter` asks about what it holds, `text` is its new JSON text,
 * `rewrite` gives that for its spelling, or undefined to remove it. `remove_item` removes the innermost item of an
 * array around the value, or where there is none the member of the root.
 */
export type Edit =
  | 'keep'
  | 'enter'
  | 'remove'
  | 'remove_item'
  | { readonly text: string }
  | { readonly rewrite: (spelling: string) => string | undefined }

/** Keys and indexes from the root to a place. */
export type Trail = readonly (string | number)[]

/**
 * Decides about every value on the way. `State` says where the walk is; it is a value, and the
 * walk keeps it.
 */
export interface Editor<State> {
  member(state: State, key: string): State
  item(state: State, index: number): State
  /** `literal` as it is spelled, quotes included. */
  editString(state: State, literal: string, trail: () => Trail): Edit
  /** Any other value; `literal` as it is spelled, undefined for an object or array. */
  editValue(state: State, literal: string | undefined): Edit
}

/**
 * Walks a valid JSON text once, without recursion, and gives the text with the edits in it; every
 * other byte stays. Without an edit it is the same text. A removed root leaves `null`.
 */
export function editJson<State>(source: string, root: State, editor: Editor<State>): string {
  const frames: Frame<State>[] = []
  const trail = () => frames.map(({ isObject, key, index }) => (isObject ? key : index))
  const walk: Walk<State> = { source, editor, frames, splices: [], trail }
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
  readonly trail: () => Trail
}

interface Place<State> {
  readonly at: number
  readonly state: State
}

interface Frame<State> {
  readonly state: State
  readonly isObject: boolean
  /** Of the current member. */
  key: string
  /** Of the current member or item. */
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
  const first = source.charCodeAt(at)
  if (first === quote) {
    const end = endOfString(source, at)
    return finish(walk, at, end, editor.editString(state, source.slice(at, end), walk.trail))
  }
  if (first !== openBrace && first !== openBracket) {
    const end = endOfScalar(source, at)
    return finish(walk, at, end, editor.editValue(state, source.slice(at, end)))
  }
  const edit = editor.editValue(state, undefined)
  if (edit !== 'enter') return finish(walk, at, endOfValue(source, at), edit)
  const inner = skipSpace(source, at + 1)
  if (isClosing(source.charCodeAt(inner))) return finish(walk, at, inner + 1, edit)
  const isObject = first === openBrace
  const frame = { state, isObject, key: '', index: 0, begin: at + 1, comma: -1 }
  walk.frames.push(frame)
  return childOf(walk, frame)
}

const quote = 0x22
const comma = 0x2c
const openBracket = 0x5b
const closeBracket = 0x5d
const openBrace = 0x7b
const closeBrace = 0x7d

function isClosing(code: number): boolean {
  return code === closeBrace || code === closeBracket
}

function childOf<State>({ source, editor }: Walk<State>, frame: Frame<State>): Place<State> {
  if (!frame.isObject) {
    return {
      at: skipSpace(source, frame.begin),
      state: editor.item(frame.state, frame.index),
    }
  }
  const { key, valueAt } = readKey(source, frame.begin)
  frame.key = key
  return { at: valueAt, state: editor.member(frame.state, key) }
}

/**
 * Notes the edit of the value that ends at `valueEnd`, and gives the next value, which may stand
 * further out.
 */
function finish<State>(
  walk: Walk<State>,
  start: number,
  valueEnd: number,
  edit: Edit,
): Place<State> | undefined {
  const { source, frames, splices } = walk
  let at = edit === 'remove_item' ? leaveItem(walk, valueEnd) : valueEnd
  let isRemoved = edit === 'remove_item' || note(walk, start, valueEnd, edit)
  if (isRemoved && frames.length === 0) splices.push({ start, end: valueEnd, text: 'null' })
  for (let frame = frames.at(-1); frame !== undefined; frame = frames.at(-1)) {
    const delimiter = skipSpace(source, at)
    if (source.charCodeAt(delimiter) === comma) {
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

/** Whether the value is to be removed; what else becomes of it is noted. */
function note<State>(
  { source, splices }: Walk<State>,
  start: number,
  end: number,
  edit: Exclude<Edit, 'remove_item'>,
): boolean {
  if (typeof edit === 'string') return edit === 'remove'
  const text = 'text' in edit ? edit.text : edit.rewrite(source.slice(start, end))
  if (text === undefined) return true
  splices.push({ start, end, text })
  return false
}

/** Forgets what was done inside the item that is to be removed, and gives its end. `end` is that of the value in it. */
function leaveItem<State>({ source, frames, splices }: Walk<State>, end: number): number {
  const innermost = frames.findLastIndex(({ isObject }) => !isObject)
  const frame = frames[Math.max(innermost, 0)]
  if (frame === undefined) return end
  frames.length = Math.max(innermost, 0) + 1
  while ((splices.at(-1)?.start ?? -1) >= frame.begin) splices.pop()
  const { isObject, begin } = frame
  return endOfValue(source, isObject ? readKey(source, begin).valueAt : skipSpace(source, begin))
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
