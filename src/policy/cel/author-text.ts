import { CelFault } from './condition.js'

/** An author's text made ready for the parser, character by character at the same places. */
export interface AuthorText {
  readonly text: string
  /** Where a `$` stood that begins an argument: there is a `_` now. */
  readonly dollars: ReadonlySet<number>
}

/**
 * Takes `$name` and `$["name"]` for what they are outside of strings, and comments for white space.
 * @throws CelFault where the text is too long, is nested too deep, or a `$` begins nothing
 */
export function readAuthorText(source: string): AuthorText {
  if (source.length > longestSource) {
    throw new CelFault(
      `longer than ${longestSource} characters: split the rule into several`,
      longestSource,
    )
  }
  const dollars = new Set<number>()
  const nesting: Nesting = { depth: 0, choices: 0 }
  let text = ''
  for (const { 0: token, index } of source.matchAll(tokens)) {
    if (token === '$') {
      refuseStrayDollar(source, index)
      dollars.add(index)
      text += '_'
    } else {
      countNesting(nesting, token, index)
      text += token.startsWith('//') ? ' '.repeat(token.length) : token
    }
  }
  return { text, dollars }
}

const longestSource = 4096
const deepest = 50

// String literals in all their forms, comments, names, and single characters. A string that does not end is no string.
const tokens =
  /(?:[rR][bB]?|[bB][rR])(?:"""[^]*?"""|'''[^]*?'''|"[^"\r\n]*"|'[^'\r\n]*')|[bB]?(?:"""(?:\\[^]|[^\\])*?"""|'''(?:\\[^]|[^\\])*?'''|"(?:\\[^]|[^"\\\r\n])*"|'(?:\\[^]|[^'\\\r\n])*')|\/\/[^\n]*|[\w]+|[^]/g

function refuseStrayDollar(source: string, at: number): void {
  const before = source.slice(0, at)
  if (/[\w$]$|\.\s*$/.test(before)) {
    throw new CelFault('$ stands only in front of an argument: write $name or $["name"]', at)
  }
  if (!/^(?:[A-Za-z_]\w*|\[)/.test(source.slice(at + 1))) {
    throw new CelFault('$ must be followed by the name of an argument: $name or $["name"]', at)
  }
}

interface Nesting {
  depth: number
  choices: number
}

/** The parser calls itself for each of these, and would not come back. */
function countNesting(nesting: Nesting, token: string, at: number): void {
  if (token === '(' || token === '[' || token === '{') nesting.depth += 1
  else if (token === ')' || token === ']' || token === '}') nesting.depth -= 1
  else if (token === '?') nesting.choices += 1
  if (nesting.depth > deepest || nesting.choices > deepest) {
    throw new CelFault(`nested deeper than ${deepest} levels: split the rule into several`, at)
  }
}
