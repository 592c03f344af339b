/**
 * Names places in a JSON document. `salary` (a bare name) and `employee.salary` (relative) match
 * at any depth, as if they began with `**.`; `response.structuredContent.salary` and `args.to`
 * (anchored) count from the root that they name.
 *
 * A step is a name (letters, digits, `_ $ @ -`), a quoted key (`"a.b"` or `["a.b"]`, a JSON
 * string), an index (`[0]`), `*` or `[*]` (any one member or item) or `**` (any number of levels,
 * none included). Names and keys match members only, exactly; arrays are transparent to them:
 * `employees.salary` names the salary in each item of `employees`.
 *
 * A string that holds JSON stands for its document. What a path says of `structuredContent` it says
 * of the texts of a result too, which repeat it.
 */
export interface FieldPath {
  readonly source: string
  /** The root that an anchored path begins with; undefined for one that matches at any depth. */
  readonly root: 'args' | 'response' | undefined
  readonly steps: readonly FieldStep[]
}

export type FieldStep =
  | { readonly type: 'key'; readonly name: string }
  | { readonly type: 'index'; readonly index: number }
  /** `*` or `[*]`: any one member or item. */
  | { readonly type: 'any' }
  /** `**`: any number of members or items, none included. */
  | { readonly type: 'deep' }

/** A text that is no field path. `message` is for policy authors. */
export class FieldPathFault extends Error {
  override readonly name = 'FieldPathFault'
}

/**
 * @throws FieldPathFault where the syntax is not known: a path that names nothing would hide
 * nothing
 */
export function parseFieldPath(source: string): FieldPath {
  const root = anchorOf(source)
  const steps: FieldStep[] = []
  let at = root?.length ?? 0
  while (at < source.length || steps.length === 0) {
    const rest = source.slice(at)
    const found = nextStep(rest, at === 0)
    if (found === undefined) throw fault(source, at, adviceOn(rest))
    steps.push(found.step)
    at += found.length
  }
  const forbidden = steps.find((step) => step.type === 'key' && forbiddenNames.has(step.name))
  if (forbidden !== undefined) throw fault(source, 0, 'this name is not allowed')
  return { source, root, steps }
}

const forbiddenNames: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])

const dotted = /^(?:(\*\*?)|([\p{L}\p{M}\p{N}_$@-]+)|("(?:[^"\\]|\\.)*"))(?=$|[.[])/u
const bracketed = /^\[(?:(\*)|(0|[1-9][0-9]{0,8})|("(?:[^"\\]|\\.)*"))\](?=$|[.[])/u

function anchorOf(source: string): FieldPath['root'] {
  if (/^args[.[]/.test(source)) return 'args'
  if (/^response[.[]/.test(source)) return 'response'
  return undefined
}

interface FoundStep {
  readonly step: FieldStep
  readonly length: number
}

function nextStep(rest: string, isFirst: boolean): FoundStep | undefined {
  if (rest.startsWith('[')) return bracketedStep(rest)
  if (isFirst) return dottedStep(rest)
  const found = rest.startsWith('.') ? dottedStep(rest.slice(1)) : undefined
  return found === undefined ? undefined : { step: found.step, length: found.length + 1 }
}

function bracketedStep(rest: string): FoundStep | undefined {
  const match = bracketed.exec(rest)
  if (match === null) return undefined
  const [{ length }, star, index, quoted] = match
  if (star !== undefined) return { step: { type: 'any' }, length }
  if (index !== undefined) return { step: { type: 'index', index: Number(index) }, length }
  return quotedKey(quoted ?? '', length)
}

function dottedStep(rest: string): FoundStep | undefined {
  const match = dotted.exec(rest)
  if (match === null) return undefined
  const [{ length }, stars, name, quoted] = match
  if (stars !== undefined) return { step: { type: stars === '*' ? 'any' : 'deep' }, length }
  // `$` and `@` alone are JSONPath for a root that these paths do not have
  if (name !== undefined)
    return /^[$@]$/.test(name) ? undefined : { step: { type: 'key', name }, length }
  return quotedKey(quoted ?? '', length)
}

function quotedKey(literal: string, length: number): FoundStep | undefined {
  try {
    return { step: { type: 'key', name: String(JSON.parse(literal)) }, length }
  } catch {
    return undefined
  }
}

function adviceOn(rest: string): string {
  if (/^\.?(?:$|[.[])/.test(rest) && !rest.startsWith('[')) return 'a step is empty'
  if (rest.startsWith('['))
    return 'in brackets stands an index, * or a quoted key: [0], [*], ["a.b"]'
  return 'a name has letters, digits and _ $ @ - only; quote any other: "bank account"'
}

function fault(source: string, at: number, advice: string): FieldPathFault {
  return new FieldPathFault(`Field path ${JSON.stringify(source)}, character ${at + 1}: ${advice}`)
}
