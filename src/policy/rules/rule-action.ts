import type { FieldPath } from '../../domain/field-path.js'
import { isJsonObject, type JsonObject } from '../../domain/json.js'
import type { Redacting } from '../../domain/obligation.js'
import { programSize } from '../builtins/regex-size.js'
import { maskStyleOf } from '../mask-style.js'
import { parsePatch } from '../parse-patch.js'
import { ResultFault } from '../result-fault.js'
import type { Path } from './findings.js'
import { writtenRoot } from './patch-root.js'
import { pathIn } from './path-text.js'
import type { Draft } from './rule-draft.js'
import type { RuleAction } from './rule.js'
import { longestReplacement } from './rule-schema.js'

/** @throws Error that says what is wrong with the pattern */
export type CheckPattern = (source: string) => unknown

/** What a rule does. Undefined where that cannot be, which then was reported. */
export function actionOf(
  draft: Draft,
  hook: 'pre' | 'post',
  checkPattern: CheckPattern,
): RuleAction | undefined {
  const { text } = draft
  switch (text.effect) {
    case 'allow':
    case 'audit':
    case 'warn':
    case 'dry_run':
      return { effect: text.effect }
    case 'deny':
      return {
        effect: 'deny',
        code: text.code ?? 'policy_deny',
        remedy: text.remedy ?? '',
        retryAfterSec: text.retry_after,
      }
    case 'ask': {
      const terms = plainData(draft, 'ask', text.ask ?? {})
      return terms && { effect: 'ask', remedy: text.remedy ?? '', terms }
    }
    case 'filter_fields':
      return { effect: 'filter_fields', paths: pathsOf(draft, hook), ...redacting(draft) }
    case 'filter_sensitive':
      return { effect: 'filter_sensitive', ...redacting(draft) }
    case 'mask_fields': {
      const style = caught(draft, ['mask'], () => maskStyleOf(text.mask))
      const paths = pathsOf(draft, hook)
      return style && { effect: 'mask_fields', paths, style, ...redacting(draft) }
    }
    case 'replace':
      return { effect: 'replace', replaces: replacesOf(draft, hook, checkPattern) }
    case 'patch':
      return patchOf(draft, hook)
  }
}

function redacting({ text }: Draft): Redacting {
  return { onUnreadable: text.on_unreadable ?? 'deny', onMissing: text.on_missing ?? 'pass' }
}

function pathsOf(draft: Draft, hook: 'pre' | 'post'): readonly FieldPath[] {
  return (draft.text.fields ?? []).flatMap((source, index) =>
    pathAt(draft, ['fields', index], source, hook),
  )
}

/** One path, or none where it is wrong. */
function pathAt(
  { reporter }: Draft,
  at: Path,
  source: string,
  hook: 'pre' | 'post',
): readonly FieldPath[] {
  const path = pathIn(source)
  if (typeof path === 'string') {
    reporter.fault(at, path)
    return []
  }
  const root = hook === 'pre' ? 'args' : 'response'
  if (path.root !== undefined && path.root !== root) {
    reporter.fault(at, hook === 'pre' ? notYet(source) : tooLate(source))
  }
  return [path]
}

function notYet(source: string): string {
  return `${source} is not there before the call: only args can be changed then`
}

function tooLate(source: string): string {
  return `${source} was sent before the result came: say match.hook: pre, or write it under "input"`
}

function replacesOf(draft: Draft, hook: 'pre' | 'post', checkPattern: CheckPattern) {
  const list = draft.text.replace ?? []
  let size = 0
  return list.flatMap(({ path, pattern, with: replacement }, index) => {
    const at = ['replace', index]
    const compiled = caught(draft, [...at, 'pattern'], () => checkPattern(pattern))
    if (compiled !== undefined) size += programSize(pattern)
    if (size > largestPrograms) {
      draft.reporter.fault(at, 'the patterns up to here repeat too much: lower the numbers in {}')
      size = 0
    }
    if (replacement.length > longestReplacement) {
      const most = `at most ${longestReplacement} characters`
      draft.reporter.fault([...at, 'with'], `is too long: ${most}`)
    }
    return pathAt(draft, [...at, 'path'], path, hook).map((each) => ({
      path: each,
      pattern,
      with: replacement,
    }))
  })
}

/** Of the patterns of one rule together, as for those of one Rego result. */
const largestPrograms = 20_000

function patchOf(draft: Draft, hook: 'pre' | 'post'): RuleAction | undefined {
  const { text, reporter } = draft
  const root = writtenRoot(text.patch)
  if (root === undefined || (root === 'response') !== (hook === 'post')) {
    const possible = hook === 'post' ? 'response' : 'args or params'
    reporter.fault(['patch'], `at ${hook} a patch writes ${possible}`)
    return undefined
  }
  const value = plainData(draft, 'patch', text.patch)
  const patches = value && caught(draft, ['patch'], () => parsePatch(value, root))
  if (patches?.length === 0) reporter.fault(['patch'], 'changes nothing')
  return patches && { effect: 'patch', patches }
}

/** What `make` gives; undefined where it throws, which then was reported. */
function caught<Value>({ reporter }: Draft, at: Path, make: () => Value): Value | undefined {
  try {
    return make()
  } catch (thrown) {
    if (!(thrown instanceof ResultFault) && !(thrown instanceof Error)) throw thrown
    reporter.fault(at, thrown.message)
    return undefined
  }
}

function plainData<Value>({ reporter }: Draft, at: string, value: Value) {
  if (isJson(value)) return value as Value & JsonObject
  reporter.fault([at], 'has a number that JSON does not have')
  return undefined
}

function isJson(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value)
  if (Array.isArray(value)) return value.every(isJson)
  return isJsonObject(value) ? Object.values(value).every(isJson) : true
}
