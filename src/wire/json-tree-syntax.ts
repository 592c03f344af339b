import { skipSpace } from './json-tree-scan.js'

/** What a text is: one JSON value (RFC 8259), one that is nested deeper than is read, or something else. */
export type Syntax = 'json' | 'too_deep' | 'other'

/**
 * Takes time by the length of the text, throws nothing and keeps nothing: most texts that begin like JSON may be
 * something else.
 */
export function syntaxOf(source: string): Syntax {
  const open: ('{' | '[')[] = []
  let at = skipSpace(source, 0)
  for (;;) {
    const first = source[at]
    if (first === '{' || first === '[') {
      if (open.length === deepest) return 'too_deep'
      const inner = skipSpace(source, at + 1)
      if (source[inner] !== closing[first]) {
        open.push(first)
        at = first === '{' ? afterKey(source, inner) : inner
        if (at === -1) return 'other'
        continue
      }
      at = inner + 1
    } else {
      at = endOfSimple(source, at)
      if (at === -1) return 'other'
    }
    at = nextValue(source, at, open)
    if (at === -1) return 'other'
    if (at === source.length) return open.length === 0 ? 'json' : 'other'
  }
}

/** A walk keeps something for every container around a place. */
const deepest = 100_000

const closing = { '{': '}', '[': ']' } as const

/** Where the next value begins; the length of the text where there is none, -1 where the text goes on wrongly. */
function nextValue(source: string, end: number, open: ('{' | '[')[]): number {
  let at = skipSpace(source, end)
  for (let around = open.at(-1); around !== undefined; around = open.at(-1)) {
    if (source[at] === ',') {
      const next = skipSpace(source, at + 1)
      return around === '{' ? afterKey(source, next) : next
    }
    if (source[at] !== closing[around]) return -1
    open.pop()
    at = skipSpace(source, at + 1)
  }
  return at === source.length ? at : -1
}

function afterKey(source: string, at: number): number {
  const end = source[at] === '"' ? endOfText(source, at) : -1
  if (end === -1) return -1
  const colon = skipSpace(source, end)
  return source[colon] === ':' ? skipSpace(source, colon + 1) : -1
}

/** The end of the string, number, `true`, `false` or `null` that begins at `at`; -1 where none does. */
function endOfSimple(source: string, at: number): number {
  if (source[at] === '"') return endOfText(source, at)
  simple.lastIndex = at
  return simple.test(source) ? simple.lastIndex : -1
}

const simple = /(?:true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)/y

/** The end of the string whose opening quote stands at `at`; -1 where it has none, or an escape that JSON lacks. */
function endOfText(source: string, at: number): number {
  for (let next = at + 1; next < source.length; next += 1) {
    const code = source.charCodeAt(next)
    if (code === quote) return next + 1
    if (code < 0x20) return -1
    if (code !== backslash) continue
    escape.lastIndex = next
    if (!escape.test(source)) return -1
    next = escape.lastIndex - 1
  }
  return -1
}

const quote = 0x22
const backslash = 0x5c
const escape = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y
