import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type ParsedNode,
  parseDocument,
  visit,
} from 'yaml'
import { offsetInSource, type TextStyle } from './yaml-offset.js'

/** A text of YAML or JSON (which is YAML too), or why it is none. */
export type YamlDocument =
  YamlValue | { readonly type: 'faults'; readonly faults: readonly YamlFault[] }

export interface YamlValue {
  readonly type: 'value'
  /** Undefined for an empty text. */
  readonly value: unknown
  readonly isMapping: boolean
  /** Where the value or key at the end of `path` stands, or the last step of it that is there. */
  placeOf(path: readonly PropertyKey[]): Place
  /** Where the character at `offset` (UTF-16 units) of the text at `path` stands. */
  placeInText(path: readonly PropertyKey[], offset: number): Place
  /** Whole numbers that a double cannot hold, which is what they became. */
  readonly inexactNumbers: readonly Place[]
}

export interface YamlFault extends Place {
  /** As the library names it, such as `DUPLICATE_KEY` or `BAD_INDENT`. */
  readonly code: string
  /** The library's words, which tell apart what has one code. */
  readonly words: string
}

export interface Place {
  readonly line: number
  readonly column: number
}

/** Reads one document of YAML 1.2, core schema. Never throws. */
export function readYaml(text: string): YamlDocument {
  const lines = new LineCounter()
  const document = parseDocument(text, {
    prettyErrors: false,
    lineCounter: lines,
    logLevel: 'error',
  })
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset)
    return { line, column: col }
  }
  // Behind a fault of syntax others follow that are none.
  const broken = document.errors.find(({ code }) => code !== 'DUPLICATE_KEY')
  // A tag that nobody resolves would leave a text that its author did not mean.
  const errors = broken === undefined ? [...document.errors, ...document.warnings] : [broken]
  if (errors.length > 0) {
    return {
      type: 'faults',
      faults: errors.map(({ code, message, pos }) => ({
        ...{ code, words: message },
        ...placeAt(pos[0]),
      })),
    }
  }
  return valueOf(document, text, placeAt)
}

function valueOf(
  document: Document.Parsed,
  text: string,
  placeAt: (offset: number) => Place,
): YamlDocument {
  const { contents } = document
  const { inexact, unknown } = survey(document)
  if (unknown.length > 0) {
    return {
      type: 'faults',
      faults: unknown.map((offset) => ({ code: 'BAD_ALIAS', words: '', ...placeAt(offset) })),
    }
  }
  try {
    const value: unknown = contents === null ? undefined : document.toJS({ maxAliasCount: 100 })
    return {
      type: 'value',
      value,
      isMapping: isMap(contents),
      placeOf: (path) => placeAt(found(contents, path).offset),
      placeInText: (path, offset) => placeAt(offsetInText(text, found(contents, path), offset)),
      inexactNumbers: inexact.map(placeAt),
    }
  } catch {
    // The one thing that it refuses this late.
    return { type: 'faults', faults: [{ code: 'TOO_MANY_ALIASES', words: '', line: 1, column: 1 }] }
  }
}

interface Found {
  /** Of the key, for a member of a mapping. */
  readonly offset: number
  readonly node: unknown
}

function found(contents: ParsedNode | null, path: readonly PropertyKey[]): Found {
  let node: unknown = contents
  let offset = contents?.range[0] ?? 0
  for (const step of path) {
    const next = stepInto(node, step)
    if (next === undefined) return { offset, node: undefined }
    offset = next.offset ?? offset
    node = next.value
  }
  return { offset, node }
}

function offsetInText(text: string, { offset, node }: Found, inside: number): number {
  if (!isScalar(node) || typeof node.value !== 'string') return startOf(node) ?? offset
  const [start, end] = node.range ?? [offset, offset]
  const style = styles[node.type ?? 'PLAIN'] ?? 'plain'
  return start + offsetInSource(text.slice(start, end), style, node.value, inside)
}

const styles: Readonly<Record<string, TextStyle>> = {
  PLAIN: 'plain',
  QUOTE_SINGLE: 'single',
  QUOTE_DOUBLE: 'double',
  BLOCK_LITERAL: 'block',
  BLOCK_FOLDED: 'block',
}

function stepInto(
  node: unknown,
  step: PropertyKey,
): { value: unknown; offset?: number | undefined } | undefined {
  if (isSeq(node) && typeof step === 'number') {
    const item = node.items[step]
    return item === undefined ? undefined : { value: item, offset: startOf(item) }
  }
  if (!isMap(node)) return undefined
  const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(step))
  return pair === undefined ? undefined : { value: pair.value, offset: startOf(pair.key) }
}

function startOf(node: unknown): number | undefined {
  return isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? node.range?.[0] : undefined
}

interface Survey {
  /** Offsets of whole numbers that a double cannot hold. */
  readonly inexact: readonly number[]
  /** Offsets of aliases that stand for nothing. */
  readonly unknown: readonly number[]
}

function survey(document: Document.Parsed): Survey {
  const inexact: number[] = []
  const unknown: number[] = []
  const anchors = new Set<string>()
  visit(document, {
    Alias(_, { source, range }) {
      if (!anchors.has(source)) unknown.push(range?.[0] ?? 0)
    },
    Collection(_, { anchor }) {
      if (anchor !== undefined) anchors.add(anchor)
    },
    Scalar(_, { anchor, value, range }) {
      if (anchor !== undefined) anchors.add(anchor)
      const isInexact =
        typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)
      if (isInexact) inexact.push(range?.[0] ?? 0)
    },
  })
  return { inexact, unknown }
}
