import { spend, spendText, unitsPerStep } from './meter.js'

/**
 * Where `part` first stands in `text` from `start` on, or -1, in time that grows with the two lengths added up. The
 * engine of JavaScript multiplies them for texts that are made for it.
 */
export function findText(text: string, part: string, start: number): number {
  if (part.length <= shortPart) {
    const found = text.indexOf(part, start)
    const passed = (found === -1 ? text.length : found + part.length) - start
    spendText(passed * (1 + part.length))
    return found
  }
  if (part.length > text.length - start) return -1
  spend(1 + (part.length * 8) / unitsPerStep)
  return search(text, part, start)
}

const shortPart = 8

/** Knuth, Morris and Pratt: no character of the text is looked at twice. */
function search(text: string, part: string, start: number): number {
  const borders = bordersOf(part)
  let matched = 0
  let paid = start
  for (let at = start; at < text.length; at += 1) {
    if (at === paid) {
      spend(16)
      paid = at + unitsPerStep * 2
    }
    const unit = text.charCodeAt(at)
    while (matched > 0 && part.charCodeAt(matched) !== unit) matched = borders[matched - 1] ?? 0
    if (part.charCodeAt(matched) === unit) matched += 1
    if (matched === part.length) return at - matched + 1
  }
  return -1
}

/** For each beginning of the part, how long an end of it is that the part begins with as well. */
function bordersOf(part: string): Int32Array {
  const borders = new Int32Array(part.length)
  let length = 0
  for (let at = 1; at < part.length; at += 1) {
    const unit = part.charCodeAt(at)
    while (length > 0 && part.charCodeAt(length) !== unit) length = borders[length - 1] ?? 0
    if (part.charCodeAt(length) === unit) length += 1
    borders[at] = length
  }
  return borders
}
