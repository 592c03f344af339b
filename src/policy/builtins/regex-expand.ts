import type { Expression, Match } from '../regex-engine.js'

/** A replacement with `$1`, `$name`, `${name}` and `$$` in it, cut into pieces once for all matches. */
export type Replacement = readonly (string | number)[]

/** As `Regexp.Expand` of Go reads a replacement: a name goes as far as it can, and what is no group is empty. */
export function readReplacement(text: string, groups: Expression['groups']): Replacement {
  const pieces: (string | number)[] = []
  let last = 0
  for (const found of text.matchAll(reference)) {
    pieces.push(text.slice(last, found.index))
    const [all, braced, plain] = found
    const name = braced ?? plain
    pieces.push(name === undefined ? '$' : groupOf(name, groups))
    last = found.index + all.length
  }
  pieces.push(text.slice(last))
  return pieces
}

const reference = /\$(?:\$|\{([\p{L}\p{Nd}_]+)\}|([\p{L}\p{Nd}_]+))/gu

const noGroup = -1

function groupOf(name: string, groups: Expression['groups']): number {
  if (/^(?:0|[1-9]\d{0,8})$/.test(name)) return Number(name)
  return (Object.hasOwn(groups, name) ? groups[name] : undefined) ?? noGroup
}

export function expand(replacement: Replacement, text: string, match: Match): string {
  return replacement
    .map((piece) => (typeof piece === 'string' ? piece : groupText(text, match, piece)))
    .join('')
}

function groupText(text: string, match: Match, group: number): string {
  const start = match[group * 2] ?? -1
  return start === -1 ? '' : text.slice(start, match[group * 2 + 1])
}
