import { endOfValue, readKey, skipSpace } from './json-tree-scan.js'

/**
 * A JSON value that remembers its exact text. Containers are opened only where an edit goes
 * through them; every edit gives a new value that shares the rest with the old one, so what was
 * not named keeps its spelling.
 */
export type JsonNode = Verbatim | ObjectNode | ArrayNode

/** A value as it is spelled, without white space around it. */
export interface Verbatim {
  readonly form: 'verbatim'
  readonly text: string
}

export interface ObjectNode {
  readonly form: 'object'
  readonly members: readonly MemberNode[]
}

export interface ArrayNode {
  readonly form: 'array'
  readonly items: readonly ItemNode[]
}

export interface ItemNode {
  /**
   * Everything between the delimiter before and the value: white space, and a member's key and
   * colon.
   */
  readonly before: string
  readonly value: JsonNode
  /** White space between the value and the delimiter after it. */
  readonly after: string
}

export interface MemberNode extends ItemNode {
  readonly key: string
}

/** `text` is valid JSON: it was checked before. */
export function verbatim(text: string): Verbatim {
  return { form: 'verbatim', text }
}

export function newMember(key: string, value: JsonNode): MemberNode {
  return { key, before: `${JSON.stringify(key)}:`, value, after: '' }
}

/** Reads one level of a container; a string, number or literal stays `verbatim`. */
export function opened(node: JsonNode): JsonNode {
  if (node.form !== 'verbatim') return node
  if (node.text.startsWith('{')) return { form: 'object', members: membersOf(node.text) }
  if (node.text.startsWith('[')) return { form: 'array', items: itemsOf(node.text) }
  return node
}

/**
 * @throws RangeError when the text would be longer than `maxLength` UTF-16 units: shared parts
 * can multiply
 */
export function textOf(node: JsonNode, maxLength: number): string {
  const pieces: string[] = []
  let length = 0
  write(node)
  return pieces.join('')

  function write(part: JsonNode): void {
    if (part.form === 'verbatim') put(part.text)
    else if (part.form === 'object') writeAll('{', part.members, '}')
    else writeAll('[', part.items, ']')
  }
  function writeAll(open: string, parts: readonly ItemNode[], close: string): void {
    put(open)
    for (const [index, { before, value, after }] of parts.entries()) {
      put(index === 0 ? before : `,${before}`)
      write(value)
      put(after)
    }
    put(close)
  }
  function put(piece: string): void {
    length += piece.length
    if (length > maxLength) throw new RangeError(`JSON text is longer than ${maxLength}`)
    pieces.push(piece)
  }
}

/** The value at a path of keys and indexes, or undefined where there is none. */
export function valueAt(node: JsonNode, tokens: readonly string[]): JsonNode | undefined {
  let value: JsonNode | undefined = node
  for (const token of tokens) {
    if (value === undefined) return undefined
    value = childOf(opened(value), token)
  }
  return value
}

/**
 * Puts a value there as RFC 6902 `add` does: a member is set, an item is inserted, `-` appends.
 * Undefined where it cannot stand.
 */
export function insertAt(
  node: JsonNode,
  tokens: readonly string[],
  value: JsonNode,
): JsonNode | undefined {
  return editAt(node, tokens, (parent, token) => {
    if (parent.form === 'object') return withMember(parent, token, value)
    const index = token === '-' ? parent.items.length : indexOf(token)
    if (index === undefined || index > parent.items.length) return undefined
    return {
      form: 'array',
      items: parent.items.toSpliced(index, 0, { before: '', value, after: '' }),
    }
  })
}

/** Undefined where there is no value to replace. */
export function replaceAt(
  node: JsonNode,
  tokens: readonly string[],
  value: JsonNode,
): JsonNode | undefined {
  return editAt(node, tokens, (parent, token) => withChild(parent, token, value))
}

/** Undefined where there is no value to remove. `tokens` are not empty. */
export function removeAt(node: JsonNode, tokens: readonly string[]): JsonNode | undefined {
  return editAt(node, tokens, (parent, token) => {
    const index = placeOf(parent, token)
    if (index === undefined) return undefined
    return parent.form === 'object'
      ? { form: 'object', members: parent.members.toSpliced(index, 1) }
      : { form: 'array', items: parent.items.toSpliced(index, 1) }
  })
}

type Container = ObjectNode | ArrayNode

/** Applies `edit` to the container that the last token is looked up in. */
function editAt(
  node: JsonNode,
  tokens: readonly string[],
  edit: (parent: Container, token: string) => JsonNode | undefined,
): JsonNode | undefined {
  const parent = opened(node)
  const [token, ...rest] = tokens
  if (token === undefined || parent.form === 'verbatim') return undefined
  if (rest.length === 0) return edit(parent, token)
  const child = childOf(parent, token)
  const edited = child === undefined ? undefined : editAt(child, rest, edit)
  return edited === undefined ? undefined : withChild(parent, token, edited)
}

function childOf(node: JsonNode, token: string): JsonNode | undefined {
  if (node.form === 'verbatim') return undefined
  const index = placeOf(node, token)
  if (index === undefined) return undefined
  return (node.form === 'object' ? node.members : node.items)[index]?.value
}

function withMember(node: ObjectNode, key: string, value: JsonNode): JsonNode {
  return (
    withChild(node, key, value) ?? {
      form: 'object',
      members: [...node.members, newMember(key, value)],
    }
  )
}

function withChild(node: Container, token: string, value: JsonNode): JsonNode | undefined {
  const index = placeOf(node, token)
  if (index === undefined) return undefined
  return node.form === 'object'
    ? { form: 'object', members: withValue(node.members, index, value) }
    : { form: 'array', items: withValue(node.items, index, value) }
}

function withValue<Part extends ItemNode>(
  parts: readonly Part[],
  index: number,
  value: JsonNode,
): readonly Part[] {
  return parts.map((part, place) => (place === index ? { ...part, value } : part))
}

function placeOf(node: Container, token: string): number | undefined {
  if (node.form === 'object') {
    const index = node.members.findIndex(({ key }) => key === token)
    return index === -1 ? undefined : index
  }
  const index = indexOf(token)
  return index !== undefined && index < node.items.length ? index : undefined
}

/** RFC 6901: no sign, no leading zero. */
function indexOf(token: string): number | undefined {
  return /^(?:0|[1-9][0-9]{0,14})$/.test(token) ? Number(token) : undefined
}

function membersOf(text: string): readonly MemberNode[] {
  const members: MemberNode[] = []
  let begin = 1
  while (text[skipSpace(text, begin)] === '"') {
    const { key, valueAt: start } = readKey(text, begin)
    const part = partAt(text, begin, start)
    members.push({ key, ...part.item })
    begin = part.next
  }
  return members
}

function itemsOf(text: string): readonly ItemNode[] {
  const items: ItemNode[] = []
  let begin = 1
  let start = skipSpace(text, begin)
  while (begin < text.length && text[start] !== ']') {
    const part = partAt(text, begin, start)
    items.push(part.item)
    begin = part.next
    start = skipSpace(text, begin)
  }
  return items
}

function partAt(text: string, begin: number, start: number): { item: ItemNode; next: number } {
  const end = endOfValue(text, start)
  const delimiter = skipSpace(text, end)
  const item = {
    before: text.slice(begin, start),
    value: verbatim(text.slice(start, end)),
    after: text.slice(end, delimiter),
  }
  return { item, next: delimiter + 1 }
}
