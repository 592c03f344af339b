import type { Hook } from '../domain/decision.js'
import { FieldPathFault, parseFieldPath } from '../domain/field-path.js'
import type { FieldPath } from '../domain/field-path.js'
import type { JsonObject } from '../domain/json.js'
import type { Obligation, Redacting, Replace, WritableRoot } from '../domain/obligation.js'
import type { Patterns } from '../domain/ports.js'
import { programSize } from './builtins/regex-size.js'
import { maskStyleOf } from './mask-style.js'
import { parsePatch } from './parse-patch.js'
import { ResultFault } from './result-fault.js'
import { listOf, objectOf, onlyMembers, stringOf } from './result-values.js'

/** Reads the obligations of a result. Keeps what it parsed: a policy gives the same paths and patterns every time. */
export interface ObligationParser {
  /**
   * In the order in which they are carried out: patch, replaces, then filters and mask at once.
   * @throws ResultFault
   */
  parse(
    result: JsonObject,
    at: { readonly hook: Hook; readonly kind: string },
  ): readonly Obligation[]
}

export function createObligationParser(patterns: Patterns): ObligationParser {
  const pathOf = remembering(parsePath)
  const replaces = new Map<string, SizedReplace>()

  function replaceOf(value: unknown, name: string): SizedReplace {
    const item = objectOf(value, name)
    const path = stringOf(item['path'], `${name}.path`)
    const pattern = stringOf(item['pattern'], `${name}.pattern`)
    const replacement = stringOf(item['with'], `${name}.with`)
    onlyMembers(item, replaceMembers, name)
    const key = JSON.stringify([path, pattern, replacement])
    return remember(replaces, keptReplaces, key, () => ({
      type: 'replace',
      path: pathOf(path, `${name}.path`),
      pattern: patternOf(patterns, pattern, `${name}.pattern`),
      with: checkedReplacement(replacement, `${name}.with`),
      size: programSize(pattern),
    }))
  }

  function replacesOf(value: unknown): readonly Replace[] {
    let size = 0
    return shortListOf(value, 'replace', mostReplaces).map((item, index) => {
      const replace = replaceOf(item, `replace[${index}]`)
      size += replace.size
      if (size > largestPrograms) throw new ResultFault('the patterns of replace repeat too much')
      return replace
    })
  }

  function pathsOf(value: unknown, name: string): readonly FieldPath[] {
    return shortListOf(value, name, mostPaths).map((path, index) => {
      const item = `${name}[${index}]`
      return pathOf(stringOf(path, item), item)
    })
  }

  return {
    parse(result, { hook, kind }) {
      const { patch, replace, filter_fields: filter, mask_fields: mask } = result
      const style = maskStyleOf(result['mask'])
      const redacting = redactingOf(result)
      const obligations: Obligation[] = []
      const root = writableRoot(hook, kind)
      if (patch !== undefined) obligations.push(...parsePatch(patch, root))
      if (replace !== undefined) obligations.push(...replacesOf(replace))
      if (filter !== undefined) {
        const paths = pathsOf(filter, 'filter_fields')
        if (paths.length > 0) obligations.push({ type: 'filter', paths, ...redacting })
      }
      if (filtersSensitive(result, hook)) {
        obligations.push({ type: 'filter_sensitive', paths: undefined, ...redacting })
      }
      if (mask !== undefined) {
        const paths = pathsOf(mask, 'mask_fields')
        if (paths.length > 0) obligations.push({ type: 'mask', paths, style, ...redacting })
      }
      for (const obligation of obligations) refuseOtherRoot(obligation, hook)
      return obligations
    },
  }
}

interface SizedReplace extends Replace {
  /** Of the program of its pattern. */
  readonly size: number
}

const replaceMembers: ReadonlySet<string> = new Set(['path', 'pattern', 'with'])
const keptPaths = 1000

// Carrying them out takes time by their number and by the length of the message, and no fuel pays for it.
const mostPaths = 500
const mostReplaces = 100
const keptReplaces = mostReplaces
const largestPrograms = 20_000
const longestPath = 1024

// Every match grows by it, and a pattern may match at every character.
const longestReplacement = 1024

function shortListOf(value: unknown, name: string, most: number): readonly unknown[] {
  const list = listOf(value, name)
  if (list.length > most) throw new ResultFault(`${name} has more than ${most} members`)
  return list
}

function remembering<Value>(
  parse: (source: string, name: string) => Value,
): (source: string, name: string) => Value {
  const kept = new Map<string, Value>()
  return (source, name) => remember(kept, keptPaths, source, () => parse(source, name))
}

function remember<Value>(
  kept: Map<string, Value>,
  most: number,
  key: string,
  make: () => Value,
): Value {
  const known = kept.get(key)
  if (known !== undefined) return known
  const made = make()
  if (kept.size >= most) kept.clear()
  kept.set(key, made)
  return made
}

function parsePath(source: string, name: string): FieldPath {
  if (source.length > longestPath) {
    throw new ResultFault(`${name} is longer than ${longestPath} characters`)
  }
  try {
    return parseFieldPath(source)
  } catch (thrown) {
    if (!(thrown instanceof FieldPathFault)) throw thrown
    throw new ResultFault(`${name}: ${thrown.message}`)
  }
}

function patternOf(patterns: Patterns, source: string, name: string) {
  try {
    return patterns.compile(source)
  } catch (thrown) {
    throw new ResultFault(`${name}: ${thrown instanceof Error ? thrown.message : 'not RE2'}`)
  }
}

function checkedReplacement(text: string, name: string): string {
  if (text.length <= longestReplacement) return text
  throw new ResultFault(`${name} is longer than ${longestReplacement} characters`)
}

/** What a policy written before these members were there says nothing of, passes. */
function redactingOf(result: JsonObject): Redacting {
  return {
    onUnreadable: oneOf(['pass', 'remove', 'deny'], result['on_unreadable'], 'on_unreadable'),
    onMissing: oneOf(['pass', 'deny'], result['on_missing'], 'on_missing'),
  }
}

/** The first where there is none. */
function oneOf<Choice extends string>(
  choices: readonly [Choice, ...Choice[]],
  value: unknown,
  name: string,
): Choice {
  if (value === undefined) return choices[0]
  const choice = choices.find((each) => each === value)
  if (choice === undefined) throw new ResultFault(`${name} must be one of ${choices.join(', ')}`)
  return choice
}

function filtersSensitive({ filter_sensitive: asked }: JsonObject, hook: Hook): boolean {
  if (asked === undefined || asked === false) return false
  if (asked !== true) throw new ResultFault('filter_sensitive must be a boolean')
  if (hook === 'post') return true
  throw new ResultFault(`filter_sensitive names nothing that mcp/${hook} can change`, 'obligation')
}

function writableRoot(hook: Hook, kind: string): WritableRoot {
  if (hook === 'post') return 'response'
  return kind === 'tools/call' || kind === 'prompts/get' ? 'args' : 'params'
}

// A path that names what is not there would remove, mask or replace nothing, and nobody would notice.
function refuseOtherRoot(obligation: Obligation, hook: Hook): void {
  if (obligation.type === 'merge' || obligation.type === 'operations') return
  const expected = hook === 'post' ? 'response' : 'args'
  const paths = obligation.type === 'replace' ? [obligation.path] : (obligation.paths ?? [])
  const other = paths.find(({ root }) => root !== undefined && root !== expected)
  if (other !== undefined) {
    throw new ResultFault(`${other.source} names nothing that mcp/${hook} can change`, 'obligation')
  }
}
