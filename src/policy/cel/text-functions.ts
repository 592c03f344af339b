import { createGlob, type Fits } from '../../domain/glob.js'
import type { Pattern } from '../../domain/ports.js'
import { celFunc, celList, celMethod, CelScalar, listType, type CelFunc } from './engine.js'
import { CelReason, meter, spend, spendText } from './meter.js'
import { findText } from './text-search.js'

const { BOOL, DYN, INT, STRING } = CelScalar

/** Positions count UTF-16 units. Nothing gives more text than it was given. */
export const textFunctions: readonly CelFunc[] = [
  celMethod('contains', STRING, [STRING], BOOL, function (part) {
    return findText(this, part, 0) !== -1
  }),
  celMethod('indexOf', STRING, [STRING], INT, function (part) {
    return BigInt(findText(this, part, 0))
  }),
  celMethod('charAt', STRING, [INT], STRING, function (at) {
    return this.charAt(place(this, at))
  }),
  celMethod('substring', STRING, [INT], STRING, function (start) {
    spendText(this.length)
    return this.slice(place(this, start))
  }),
  celMethod('substring', STRING, [INT, INT], STRING, function (start, end) {
    spendText(this.length)
    if (start > end) throw new CelReason('substring: the start is behind the end')
    return this.slice(place(this, start), place(this, end))
  }),
  celMethod('lowerAscii', STRING, [], STRING, function () {
    spendText(this.length * 8)
    return this.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
  }),
  celMethod('upperAscii', STRING, [], STRING, function () {
    spendText(this.length * 8)
    return this.replace(/[a-z]+/g, (letters) => letters.toUpperCase())
  }),
  celMethod('trim', STRING, [], STRING, function () {
    spendText(this.length * 8)
    return trimmed(this)
  }),
  celMethod('split', STRING, [STRING], listType(DYN), function (separator) {
    return celList(split(this, separator))
  }),
  celMethod('glob', STRING, [STRING], BOOL, function (glob) {
    spendText(glob.length * 16)
    return fitsGlob(this, readGlob(glob))
  }),
  celFunc('@glob', [STRING, INT], BOOL, (text, literal) => {
    return fitsGlob(text, meter.literals[Number(literal)] as Glob)
  }),
  celFunc('@matches', [STRING, INT], BOOL, (text, literal) => {
    const { pattern, size } = meter.literals[Number(literal)] as SizedPattern
    spendText(text.length)
    if (!text.includes(pattern.required)) return false
    spend(1 + text.length * stepsPerUnit)
    return pattern.search(text, {
      explore: spend,
      giveUp: () => spend(text.length * size * stepsPerInstruction),
    })
  }),
]

/** Without white space at its ends, as Unicode has it and JavaScript does not. */
function trimmed(text: string): string {
  let [start, end] = [0, text.length]
  while (start < end && isSpace(text.charAt(start))) start += 1
  while (start < end && isSpace(text.charAt(end - 1))) end -= 1
  return text.slice(start, end)
}

function isSpace(character: string): boolean {
  return /^\p{White_Space}$/u.test(character)
}

export interface Glob {
  readonly fits: Fits
  /** Characters between its stars. */
  readonly middle: number
}

export function readGlob(glob: string): Glob {
  const middle = glob.split('*').slice(1, -1)
  return { fits: createGlob(glob), middle: middle.reduce((sum, piece) => sum + piece.length, 0) }
}

/** The engine of JavaScript looks for a piece in as many steps as text and piece have together, multiplied. */
function fitsGlob(text: string, { fits, middle }: Glob): boolean {
  spendText(text.length * (1 + middle))
  return fits(text)
}

export interface SizedPattern {
  readonly pattern: Pattern
  /** Instructions of its program, roughly. */
  readonly size: number
}

const stepsPerUnit = 0.06
const stepsPerInstruction = 0.1

function place(text: string, at: bigint): number {
  if (at < 0n || at > BigInt(text.length)) throw new CelReason('a position outside of the text')
  return Number(at)
}

function split(text: string, separator: string): string[] {
  if (separator === '') {
    spend(text.length)
    return text.split('')
  }
  const pieces: string[] = []
  let start = 0
  for (let end = findText(text, separator, 0); end !== -1; end = findText(text, separator, start)) {
    spend(1)
    pieces.push(text.slice(start, end))
    start = end + separator.length
  }
  return [...pieces, text.slice(start)]
}
