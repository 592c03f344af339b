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
  /** Whole numbers that a double cannot hold, which is what they became. */
  readonly inexactNumbers: readonly Place[]
}

export interface YamlFault extends Place {
  /** As the library names it, such as `DUPLICATE_KEY` or `BAD_INDENT`. */
  readonly code: string
}

export interface Place {
  readonly line: number
  readonly column: number
}

/** Reads one document of YAML 1.2, core schema. Never throws. */
export function readYaml(text: string): YamlDocument {
  const lines = new LineCounter()
  const document = parseDocument(text, { prettyErrors: false, lineCounter: lines })
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset)
    return { line, column: col }
  }
  // Behind a fault of syntax others follow that are none.
  const broken = document.errors.find(({ code }) => code !== 'DUPLICATE_KEY')
  const errors = broken === undefined ? document.errors : [broken]
  if (errors.length > 0) {
    return {
      type: 'faults',
      faults: errors.map(({ code, pos }) => ({ code, ...placeAt(pos[0]) })),
    }
  }
  return valueOf(document, placeAt)
}

function valueOf(document: Document.Parsed, placeAt: (offset: number) => Place): YamlDocument {
  const { contents } = document
  try {
    const value: unknown = contents === null ? undefined : document.toJS({ maxAliasCount: 100 })
    return {
      type: 'value',
      value,
      isMapping: isMap(contents),
      placeOf: (path) => placeAt(offsetOf(contents, path)),
      inexactNumbers: inexactOffsets(document).map(placeAt),
    }
  } catch {
    // The one thing that it refuses this late.
    return { type: 'faults', faults: [{ code: 'TOO_MANY_ALIASES', line: 1, column: 1 }] }
  }
}

function offsetOf(contents: ParsedNode | null, path: readonly PropertyKey[]): number {
  let node: unknown = contents
  let offset = contents?.range[0] ?? 0
  for (const step of path) {
    const next = stepInto(node, step)
    if (next === undefined) return offset
    offset = next.offset ?? offset
    node = next.value
  }
  return offset
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

function inexactOffsets(document: Document.Parsed): readonly number[] {
  const offsets: number[] = []
  visit(document, {
    Scalar(_, { value, range }) {
      const isInexact =
        typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)
      if (isInexact) offsets.push(range?.[0] ?? 0)
    },
  })
  return offsets
}
