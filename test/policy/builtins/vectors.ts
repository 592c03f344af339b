import { readFileSync, readdirSync } from 'node:fs'
import { builtins } from '../../../src/policy/builtins/offered.js'
import type { Moment } from '../../../src/policy/builtins/builtin.js'
import { isRegoNumber } from '../../../src/policy/rego-number.js'
import { isRegoArray, parseRego, printRego, sorted } from '../../../src/policy/rego-text.js'
import type { RegoValue } from '../../../src/policy/rego-value.js'

/** The text of the arguments, and what OPA answers: the text of the result, with `set` before it where it is one. */
export type Vector = readonly [args: string, result: string | null]

export const families = readdirSync(new URL('../../fixtures/builtins/', import.meta.url))
  .filter((file) => file.endsWith('.json'))
  .map((file) => file.replace('.json', ''))

export function vectorsOf(family: string): readonly (readonly [string, readonly Vector[]])[] {
  const file = new URL(`../../fixtures/builtins/${family}.json`, import.meta.url)
  return Object.entries(JSON.parse(readFileSync(file, 'utf8')) as Record<string, Vector[]>)
}

export const noon: Moment = {
  timeNs: 1_763_726_400_000_000_000n,
  document: Buffer.from('{"hook":"pre"}'),
}

/** What the gateway answers, as OPA would show it. */
export function answer(name: string, args: string): string | null {
  const given = parseRego(args)
  if (!isRegoArray(given)) throw new Error(`${args} is not an array`)
  const result = builtins[name]?.call(given, noon, () => undefined)
  return result === undefined ? null : shown(result)
}

/** What OPA answered, in the same form. */
export function expected(result: string | null): string | null {
  if (result === null) return null
  const [, set = '', text = ''] = /^(set )?([^]*)$/.exec(result) ?? []
  return set + canonical(parseRego(text))
}

function shown(value: RegoValue): string {
  const isSet =
    typeof value === 'object' && value !== null && 'type' in value && value.type === 'set'
  return (isSet ? 'set ' : '') + canonical(value)
}

/** JSON as OPA makes it of a value: sets as sorted arrays, keys that are no strings as their text; keys sorted. */
export function canonical(value: RegoValue): string {
  if (typeof value !== 'object' || value === null || isRegoNumber(value)) return printRego(value)
  if (isRegoArray(value)) return `[${value.map(canonical).join(',')}]`
  if (value.type === 'set') return canonical(sorted(value.members))
  const entries = value.entries.map(([key, held]) => {
    const name = typeof key === 'string' ? key : canonical(key)
    return `${JSON.stringify(name)}:${canonical(held)}`
  })
  return `{${entries.sort().join(',')}}`
}
