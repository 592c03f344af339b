import { daysIn, daysOf, isLeap, secondsPerDay } from './time-calendar.js'
import { monthNames, weekdayNames } from './time-format.js'
import { isZoneElement, partsOf } from './time-layout.js'
import { abbreviationAt, offsetAt } from './time-parse-zone.js'
import type { LayoutElement, LayoutPart, TimeElement, ZoneElement } from './time-layout.js'

/** Seconds since the epoch and the nanoseconds above them. */
export interface Instant {
  readonly seconds: number
  readonly nanosecond: number
}

/** As `time.Parse` of Go reads it, in a process whose local time is UTC; undefined where that refuses. */
export function parseTime(text: string, layout: string): Instant | undefined {
  const reading: Reading = { ...nothingRead, rest: text }
  const parts = partsOf(layout)
  for (const [at, part] of parts.entries()) {
    const isRead =
      'literal' in part
        ? skip(reading, part.literal)
        : readElement(reading, part, elementBehind(parts, at))
    if (!isRead) return undefined
  }
  return reading.rest === '' ? instantOf(reading) : undefined
}

/** No two literals stand side by side. */
function elementBehind(parts: readonly LayoutPart[], at: number): LayoutElement | undefined {
  return parts.slice(at + 1, at + 3).find((part) => 'element' in part)
}

/** What has been read so far; undefined is what the layout does not have. */
interface Reading {
  rest: string
  year: number
  month: number | undefined
  day: number | undefined
  dayOfYear: number | undefined
  hour: number
  minute: number
  second: number
  nanosecond: number
  half: 'am' | 'pm' | undefined
  isUtc: boolean
  offset: number | undefined
}

const nothingRead: Reading = {
  rest: '',
  year: 0,
  month: undefined,
  day: undefined,
  dayOfYear: undefined,
  hour: 0,
  minute: 0,
  second: 0,
  nanosecond: 0,
  half: undefined,
  isUtc: false,
  offset: undefined,
}

/** Runs of spaces are as good as one, and none as good as one at the end. */
function skip(reading: Reading, literal: string): boolean {
  let { rest } = reading
  for (const piece of literal.match(/ +|[^ ]+/g) ?? []) {
    if (piece.startsWith(' ')) {
      if (rest !== '' && !rest.startsWith(' ')) return false
      rest = behindSpaces(rest, Infinity)
    } else {
      if (!rest.startsWith(piece)) return false
      rest = rest.slice(piece.length)
    }
  }
  reading.rest = rest
  return true
}

/** A slice, and no replacement, which would copy the rest each time. */
function behindSpaces(text: string, most: number): string {
  let length = 0
  while (length < most && text[length] === ' ') length += 1
  return text.slice(length)
}

function readElement(
  reading: Reading,
  part: LayoutElement,
  following: LayoutElement | undefined,
): boolean {
  const { element } = part
  return isZoneElement(element)
    ? readZone(reading, element)
    : readers[element](reading, part, following)
}

type Reader = (
  reading: Reading,
  part: LayoutElement,
  following: LayoutElement | undefined,
) => boolean

const oneOrTwo = /^\d\d?/
const two = /^\d\d/

const readers: Readonly<Record<TimeElement, Reader>> = {
  '2006': (reading) => readNumber(reading, 'year', /^\d{4}/, 0, 9999),
  '06': readShortYear,
  January: (reading) => readMonthName(reading, monthNames),
  Jan: (reading) => readMonthName(reading, shortMonthNames),
  '1': (reading) => readNumber(reading, 'month', oneOrTwo, 1, 12),
  '01': (reading) => readNumber(reading, 'month', two, 1, 12),
  Monday: (reading) => takeName(reading, weekdayNames) !== undefined,
  Mon: (reading) => takeName(reading, shortWeekdayNames) !== undefined,
  '2': (reading) => readNumber(reading, 'day', oneOrTwo, 0, 99),
  _2: (reading) => readPaddedNumber(reading, 'day', 1, oneOrTwo),
  '02': (reading) => readNumber(reading, 'day', two, 0, 99),
  __2: (reading) => readPaddedNumber(reading, 'dayOfYear', 2, /^\d{1,3}/),
  '002': (reading) => readNumber(reading, 'dayOfYear', /^\d\d\d/, 0, 999),
  '15': (reading) => readNumber(reading, 'hour', oneOrTwo, 0, 23),
  '3': (reading) => readNumber(reading, 'hour', oneOrTwo, 0, 12),
  '03': (reading) => readNumber(reading, 'hour', two, 0, 12),
  '4': (reading) => readNumber(reading, 'minute', oneOrTwo, 0, 59),
  '04': (reading) => readNumber(reading, 'minute', two, 0, 59),
  '5': (reading, _, following) => readSecond(reading, oneOrTwo, following),
  '05': (reading, _, following) => readSecond(reading, two, following),
  PM: (reading) => readHalf(reading, 'PM', 'AM'),
  pm: (reading) => readHalf(reading, 'pm', 'am'),
  MST: readAbbreviation,
  '.000': (reading, { digits }) => readExactFraction(reading, digits),
  '.999': readFraction,
}

type NumberField = 'year' | 'month' | 'day' | 'dayOfYear' | 'hour' | 'minute' | 'second'

function readNumber(
  reading: Reading,
  field: NumberField,
  form: RegExp,
  lowest: number,
  highest: number,
): boolean {
  const number = takeNumber(reading, form)
  if (number === undefined || number < lowest || number > highest) return false
  reading[field] = number
  return true
}

function readPaddedNumber(
  reading: Reading,
  field: NumberField,
  spaces: number,
  form: RegExp,
): boolean {
  reading.rest = behindSpaces(reading.rest, spaces)
  return readNumber(reading, field, form, 0, 999)
}

function readSecond(reading: Reading, form: RegExp, following: LayoutElement | undefined): boolean {
  if (!readNumber(reading, 'second', form, 0, 59)) return false
  return isFraction(following) || readFraction(reading)
}

const shortMonthNames = monthNames.map((name) => name.slice(0, 3))
const shortWeekdayNames = weekdayNames.map((name) => name.slice(0, 3))

function readShortYear(reading: Reading): boolean {
  // A sign may be one of the two characters.
  const year = takeNumber(reading, /^(?:\d\d|[+-]\d)/)
  if (year === undefined) return false
  reading.year = year + (year >= 69 ? 1900 : 2000)
  return true
}

function readMonthName(reading: Reading, names: readonly string[]): boolean {
  const found = takeName(reading, names)
  reading.month = found === undefined ? undefined : found + 1
  return found !== undefined
}

/** The place of the first name with which the rest begins, in letters of either case. */
function takeName(reading: Reading, names: readonly string[]): number | undefined {
  const found = names.findIndex(
    (name) => asciiLower(reading.rest.slice(0, name.length)) === name.toLowerCase(),
  )
  if (found === -1) return undefined
  reading.rest = reading.rest.slice((names[found] ?? '').length)
  return found
}

function asciiLower(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
}

function takeNumber(reading: Reading, form: RegExp): number | undefined {
  const [digits] = form.exec(reading.rest) ?? []
  if (digits === undefined) return undefined
  reading.rest = reading.rest.slice(digits.length)
  return Number(digits)
}

function isFraction(part: LayoutElement | undefined): boolean {
  return part?.element.startsWith('.') === true
}

/** A fraction may follow the seconds even where the layout has none. */
function readFraction(reading: Reading): boolean {
  const [written] = /^[.,]\d+/.exec(reading.rest) ?? []
  if (written === undefined) return true
  reading.nanosecond = nanosecondOf(written)
  reading.rest = reading.rest.slice(written.length)
  return true
}

function nanosecondOf(written: string): number {
  return Number(written.slice(1, 10).padEnd(9, '0'))
}

function readExactFraction(reading: Reading, digits: number): boolean {
  const written = reading.rest.slice(0, digits + 1)
  if (written.length <= digits || !/^[.,]\+?\d+$/.test(written.slice(0, 10))) return false
  reading.nanosecond = nanosecondOf(written)
  reading.rest = reading.rest.slice(written.length)
  return true
}

function readHalf(reading: Reading, after: string, before: string): boolean {
  const written = reading.rest.slice(0, 2)
  if (written !== after && written !== before) return false
  // Where a layout has both cases, afternoon wins over morning.
  if (written === after) reading.half = 'pm'
  else reading.half ??= 'am'
  reading.rest = reading.rest.slice(2)
  return true
}

function readZone(reading: Reading, element: ZoneElement): boolean {
  const found = offsetAt(reading.rest, element)
  if (found === undefined) return false
  if (found.offset === undefined) reading.isUtc = true
  else reading.offset = found.offset
  reading.rest = reading.rest.slice(found.length)
  return true
}

function readAbbreviation(reading: Reading): boolean {
  const length = abbreviationAt(reading.rest).length
  if (reading.rest.startsWith('UTC')) reading.isUtc = true
  reading.rest = reading.rest.slice(length)
  return length > 0
}

function instantOf(reading: Reading): Instant | undefined {
  const date = dateOf(reading)
  if (date === undefined || date.day < 1 || date.day > daysIn(reading.year, date.month)) {
    return undefined
  }
  const { hour, minute, second, nanosecond } = reading
  const clock = hourOf(hour, reading.half) * 3600 + minute * 60 + second
  const shown = daysOf(reading.year, date.month, date.day) * secondsPerDay + clock
  return { seconds: shown - offsetOf(reading), nanosecond }
}

function hourOf(hour: number, half: 'am' | 'pm' | undefined): number {
  if (half === 'pm' && hour < 12) return hour + 12
  return half === 'am' && hour === 12 ? 0 : hour
}

function dateOf(reading: Reading): { readonly month: number; readonly day: number } | undefined {
  const { year, month, day, dayOfYear } = reading
  if (dayOfYear === undefined) return { month: month ?? 1, day: day ?? 1 }
  if (dayOfYear < 1 || dayOfYear > (isLeap(year) ? 366 : 365)) return undefined
  let foundMonth = 1
  let left = dayOfYear
  while (left > daysIn(year, foundMonth)) {
    left -= daysIn(year, foundMonth)
    foundMonth += 1
  }
  if (month !== undefined && month !== foundMonth) return undefined
  return day === undefined || day === left ? { month: foundMonth, day: left } : undefined
}

// An abbreviation says nothing about the offset, not even one such as GMT+2.
function offsetOf({ isUtc, offset }: Reading): number {
  return isUtc || offset === undefined || offset === -1 ? 0 : offset
}
