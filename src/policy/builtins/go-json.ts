import { isRegoNumber, textOfNumber } from '../rego-number.js'
import { compareText, isRegoArray, sorted, sortedEntries } from '../rego-text.js'
import type { RegoObject, RegoValue } from '../rego-value.js'

/** What a line of a text with lines begins with: `prefix` once, `indent` for each level. */
export interface Indentation {
  readonly prefix: string
  readonly indent: string
}

/** JSON as `json.Marshal` of Go writes what OPA makes of a value: sets are sorted arrays, keys texts and sorted. */
export function goJson(value: RegoValue, indentation?: Indentation): string {
  const out: string[] = []
  if (indentation === undefined) write(value, { out, line: '', indent: '', space: '' })
  else {
    const { prefix, indent } = indentation
    out.push(prefix)
    write(value, { out, line: `\n${prefix}`, indent, space: ' ' })
  }
  return out.join('')
}

interface Writing {
  /** All pieces: what is joined on each level is copied on each level. */
  readonly out: string[]
  /** What begins a line on this level. */
  readonly line: string
  readonly indent: string
  readonly space: string
}

function write(value: RegoValue, writing: Writing): void {
  const { out } = writing
  if (typeof value === 'string') out.push(goString(value))
  else if (value === null || typeof value === 'boolean') out.push(String(value))
  else if (isRegoNumber(value)) out.push(textOfNumber(value))
  else if (isRegoArray(value)) writeElements(value, writing)
  else if (value.type === 'set') writeElements(sorted(value.members), writing)
  else writeMembers(jsonMembers(value), writing)
}

function writeElements(elements: readonly RegoValue[], writing: Writing): void {
  enclose('[', elements, ']', writing, (element, inner) => write(element, inner))
}

function writeMembers(members: readonly (readonly [string, RegoValue])[], writing: Writing): void {
  enclose('{', members, '}', writing, ([key, held], inner) => {
    inner.out.push(goString(key), ':', inner.space)
    write(held, inner)
  })
}

function enclose<Part>(
  open: string,
  parts: readonly Part[],
  close: string,
  writing: Writing,
  writePart: (part: Part, inner: Writing) => void,
): void {
  const { out, line, indent } = writing
  const inner = { ...writing, line: line + indent }
  out.push(open)
  for (const [at, part] of parts.entries()) {
    out.push(at === 0 ? inner.line : `,${inner.line}`)
    writePart(part, inner)
  }
  out.push(parts.length === 0 ? close : line + close)
}

/** The members as they stand in JSON, in order: a key that is no text is its JSON, and the last of equal ones counts. */
export function jsonMembers(object: RegoObject): readonly (readonly [string, RegoValue])[] {
  const members = new Map(
    sortedEntries(object).map(([key, held]) => [typeof key === 'string' ? key : goJson(key), held]),
  )
  return [...members].sort(([a], [b]) => compareText(a, b))
}

function goString(text: string): string {
  return JSON.stringify(text).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
