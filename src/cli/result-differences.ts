import { isDeepStrictEqual } from 'node:util'
import { isJsonObject, type JsonValue } from '../domain/json.js'
import type { PolicyCase } from '../domain/policy-case.js'
import { listMethod } from '../pipeline/list-methods.js'
import { decidingOf, type CaseRun } from './case-run.js'
import { difference, type Difference } from './difference.js'
import { lineDiff } from './line-diff.js'
import { findPart, likestPart, partsOf, type ResultPart } from './result-parts.js'

export function resultDifferences(
  { expect: { resultContains, resultNotContains } }: PolicyCase,
  run: CaseRun,
): readonly Difference[] {
  const parts = run.released === undefined ? [] : partsOf(run.released.text)
  return [
    ...resultContains.flatMap((sought) =>
      findPart(parts, sought) === undefined ? [absent(sought, parts, run)] : [],
    ),
    ...resultNotContains.flatMap((sought) => {
      const found = findPart(parts, sought)
      return found === undefined ? [] : [present(sought, found)]
    }),
  ]
}

function absent(sought: JsonValue, parts: readonly ResultPart[], run: CaseRun): Difference {
  const likest = isJsonObject(sought) ? likestPart(parts, sought) : undefined
  const expected = `to have ${shown(sought)}`
  if (run.released === undefined) {
    const { effect = 'allow', reason = '' } = decidingOf(run) ?? {}
    return difference('result', expected, `no result: ${effect} ${reason}`.trimEnd())
  }
  if (likest === undefined) return difference('result', expected, cut(run.released.text))
  const at = likest.path === '' ? 'result' : likest.path
  const lines = lineDiff(pretty(sought), pretty(likest.value))
  return difference('result', expected, `${at}: ${shown(likest.value)}`, [`@ ${at}`, ...lines])
}

function present(sought: JsonValue, { path, value }: ResultPart): Difference {
  const at = path === '' ? 'the result itself' : path
  return difference('result', `not to have ${shown(sought)}`, `${at}: ${shown(value)}`)
}

function shown(value: JsonValue): string {
  return cut(JSON.stringify(value))
}

function cut(text: string): string {
  return text.length <= longest ? text : `${text.slice(0, longest)}… (${text.length} characters)`
}

const longest = 500

function pretty(value: JsonValue): string {
  return JSON.stringify(value, undefined, 2)
}

/** Which items of a list its reader is shown. */
export function listDifferences(
  { expect: { lists, hides }, method }: PolicyCase,
  { answered, released }: CaseRun,
): readonly Difference[] {
  if (lists.length === 0 && hides.length === 0) return []
  if (released === undefined) return [difference('list', 'a list', 'no list')]
  const [offered, left] = [answered, released].map((outcome) => namesIn(method, outcome?.text))
  const names = left?.join(', ') ?? ''
  return [
    ...lists
      .filter((name) => left?.includes(name) !== true)
      .map((name) => difference('list', `to show ${name}`, names || 'nothing')),
    ...hides.flatMap((name) => {
      if (offered?.includes(name) !== true) {
        return [difference('list', `to hide ${name}`, 'the server does not list it')]
      }
      return left?.includes(name) === true ? [difference('list', `to hide ${name}`, names)] : []
    }),
  ]
}

function namesIn(method: string, text: string | undefined): readonly string[] {
  const result: unknown = text === undefined ? undefined : JSON.parse(text)
  const list = listMethod(method)
  const items = isJsonObject(result) && list !== undefined ? result[list.member] : undefined
  if (list === undefined || !Array.isArray(items)) return []
  return items.filter(isJsonObject).flatMap((item) => {
    const name = item[list.identifiedBy]
    return typeof name === 'string' ? [name] : []
  })
}

/** Outside enforce nothing is rewritten; in warn mode the caller is told something beside the result. */
export function unchangedDifferences(
  { mode }: PolicyCase,
  { answered, released }: CaseRun,
): readonly Difference[] {
  if (mode === 'enforce' || answered === undefined || answered.text === released?.text) return []
  const [before, after] = [answered.text, released?.text ?? 'null'].map(
    (text) => JSON.parse(text) as JsonValue,
  )
  const left = mode === 'warn' ? withoutWarnings(after) : after
  // In audit-only not a byte may differ, however it reads.
  if (mode === 'warn' && isDeepStrictEqual(withoutWarnings(before), left)) return []
  const lines = lineDiff(pretty(before ?? null), pretty(left ?? null))
  return [difference('result', `unchanged in ${mode}`, 'another one', lines)]
}

function withoutWarnings(result: JsonValue | undefined): JsonValue | undefined {
  if (!isJsonObject(result)) return result
  const { _meta: meta, ...others } = result
  if (!isJsonObject(meta)) return result
  const rest = Object.entries(meta).filter(([name]) => name !== 'portcullis/warnings')
  return rest.length === 0 ? others : { ...others, _meta: Object.fromEntries(rest) }
}
