import { createRequire } from 'node:module'
import type { Pattern, Patterns } from '../domain/ports.js'
import { programSize } from './builtins/regex-size.js'
import { createRewriter } from './patterns-worker.js'
import { compileExpression } from './regex-engine.js'
import type { Expression } from './regex-engine.js'
import { requiredLiteral } from './required-literal.js'

/** The gateway's one regular expression engine: RE2 syntax, with `\uXXXX` besides, and no backtracking. */
export interface PatternEngine extends Patterns {
  /** Ends the worker; what it still had to do is rejected. */
  close(): Promise<void>
}

export function createPatterns(): PatternEngine {
  const compiled = new Map<string, Pattern>()
  const rewriter = createRewriter({ enginePath: createRequire(import.meta.url).resolve('re2js') })
  return {
    compile(source) {
      const known = compiled.get(source)
      if (known !== undefined) return known
      const pattern = compilePattern(source)
      if (compiled.size >= keptPatterns) forgetOldest(compiled)
      if (programSize(source) <= largestKept) compiled.set(source, pattern)
      return pattern
    },
    rewrite: (texts, steps) =>
      rewriter.rewrite(
        texts,
        steps.map(({ pattern, with: replacement }) => ({
          source: translate(pattern.source),
          required: pattern.required,
          with: replacement,
        })),
      ),
    close: () => rewriter.close(),
  }
}

const keptPatterns = 500
const largestKept = 2_000

// What a policy computes at run time comes by here as well, on the serving thread: a program of a million instructions
// takes seconds to make, and a hundred megabytes.
const longestPattern = 4096
const largestProgram = 5_000

function forgetOldest(compiled: Map<string, Pattern>): void {
  for (const source of compiled.keys()) {
    compiled.delete(source)
    return
  }
}

function compilePattern(source: string): Pattern {
  if (source.length > longestPattern) {
    throw new Error(`pattern is longer than ${longestPattern} characters: split it into several`)
  }
  if (programSize(source) > largestProgram) {
    throw new Error(
      'pattern repeats too much: lower the numbers in {} or repeat less inside of them',
    )
  }
  const expression = parse(source)
  const required = requiredLiteral(translate(source))
  return {
    source,
    required,
    test: (text) => text.includes(required) && expression.test(text),
    search: (text, effort) => text.includes(required) && expression.search(text, effort),
    replaceAll: (text, replacement) =>
      text.includes(required) ? expression.replaceAll(text, replacement) : text,
  }
}

function parse(source: string): Expression {
  try {
    return compileExpression(translate(source))
  } catch (thrown) {
    const fault = thrown instanceof Error ? thrown.message : String(thrown)
    throw new Error(
      `pattern is not RE2: ${fault.slice(0, 200)}. RE2 has no look-around and no back-references`,
      { cause: thrown },
    )
  }
}

/** Spells `\uXXXX`, a pair of surrogates included, as RE2 does: `\x{XXXX}`. */
function translate(source: string): string {
  return source.replace(
    unicodeEscape,
    (all: string, high: string | undefined, low: string | undefined, unit: string | undefined) => {
      if (high !== undefined && low !== undefined) {
        const pair = String.fromCharCode(parseInt(high, 16), parseInt(low, 16))
        return `\\x{${(pair.codePointAt(0) ?? 0).toString(16)}}`
      }
      return unit === undefined ? all : `\\x{${unit}}`
    },
  )
}

// The first and the last branch step over what must stay as it is: quoted stretches and every other escape.
const unicodeEscape =
  /\\Q[^]*?(?:\\E|$)|\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|\\u([0-9a-fA-F]{4})|\\[^]/g
