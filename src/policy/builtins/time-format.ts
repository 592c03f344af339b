import { dayOf, daysOf, secondsPerDay, weekdayOf } from './time-calendar.js'
import { isZoneElement, partsOf } from './time-layout.js'
import type { LayoutElement, TimeElement, ZoneElement } from './time-layout.js'
import type { Period } from './time-zone.js'

/** What clock and calendar show at one instant in one place. */
export interface LocalTime {
  readonly year: number
  readonly month: number
  readonly day: number
  /** Since the epoch. */
  readonly days: number
  readonly hour: number
  readonly minute: number
  readonly second: number
  readonly nanosecond: number
  readonly period: Period
}

/** @param seconds since the epoch, in UTC */
export function localTime(seconds: number, nanosecond: number, period: Period): LocalTime {
  const shown = seconds + period.offset
  const days = Math.floor(shown / secondsPerDay)
  const ofDay = shown - days * secondsPerDay
  return {
    ...dayOf(days),
    days,
    hour: Math.floor(ofDay / 3600),
    minute: Math.floor((ofDay % 3600) / 60),
    second: ofDay % 60,
    nanosecond,
    period,
  }
}

/** As `Time.Format` of Go writes it. */
export function formatTime(time: LocalTime, layout: string): string {
  return partsOf(layout)
    .map((part) => ('literal' in part ? part.literal : formatElement(time, part)))
    .join('')
}

function formatElement(time: LocalTime, part: LayoutElement): string {
  const { element } = part
  return isZoneElement(element)
    ? formatZone(time.period.offset, element)
    : writers[element](time, part)
}

const writers: Readonly<Record<TimeElement, (time: LocalTime, part: LayoutElement) => string>> = {
  '2006': ({ year }) => padded(year, 4),
  '06': ({ year }) => padded(year % 100, 2),
  January: monthName,
  Jan: (time) => monthName(time).slice(0, 3),
  '1': ({ month }) => String(month),
  '01': ({ month }) => padded(month, 2),
  Monday: weekdayName,
  Mon: (time) => weekdayName(time).slice(0, 3),
  '2': ({ day }) => String(day),
  _2: ({ day }) => String(day).padStart(2),
  '02': ({ day }) => padded(day, 2),
  __2: (time) => String(dayOfYear(time)).padStart(3),
  '002': (time) => padded(dayOfYear(time), 3),
  '15': ({ hour }) => padded(hour, 2),
  '3': ({ hour }) => String(hour % 12 || 12),
  '03': ({ hour }) => padded(hour % 12 || 12, 2),
  '4': ({ minute }) => String(minute),
  '04': ({ minute }) => padded(minute, 2),
  '5': ({ second }) => String(second),
  '05': ({ second }) => padded(second, 2),
  PM: ({ hour }) => (hour < 12 ? 'AM' : 'PM'),
  pm: ({ hour }) => (hour < 12 ? 'am' : 'pm'),
  MST: ({ period }) => period.abbreviation,
  '.000': (time, { separator, digits }) => separator + nanoseconds(time, digits),
  '.999': (time, { separator, digits }) =>
    fractionWithoutZeros(separator, nanoseconds(time, digits)),
}

function monthName({ month }: LocalTime): string {
  return monthNames[month - 1] ?? ''
}

export const monthNames = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]

export const weekdayNames = [
  'Sunday',
  'Monday',
  'Tuesday',
  'Wednesday',
  'Thursday',
  'Friday',
  'Saturday',
]

export function weekdayName({ days }: LocalTime): string {
  return weekdayNames[weekdayOf(days)] ?? ''
}

function padded(number: number, width: number): string {
  return String(number).padStart(width, '0')
}

function dayOfYear({ days, year }: LocalTime): number {
  return days - daysOf(year, 1, 1) + 1
}

// Ten and more digits still show nine: the time has no more.
function nanoseconds({ nanosecond }: LocalTime, digits: number): string {
  return padded(nanosecond, 9).slice(0, digits)
}

function fractionWithoutZeros(separator: string, digits: string): string {
  const kept = digits.replace(/0+$/, '')
  return kept === '' ? '' : separator + kept
}

function formatZone(offset: number, element: ZoneElement): string {
  if (offset === 0 && element.startsWith('Z')) return 'Z'
  const minutes = Math.abs(Math.trunc(offset / 60))
  const sign = offset <= -60 ? '-' : '+'
  const colon = element.includes(':') ? ':' : ''
  const hours = sign + padded(Math.floor(minutes / 60), 2)
  if (element.length === 3) return hours
  const withMinutes = hours + colon + padded(minutes % 60, 2)
  // What is less than a minute behind UTC has its sign here, as in Go.
  const seconds = offset <= -60 ? -offset % 60 : offset % 60
  return element.length >= 7 ? withMinutes + colon + signed(seconds) : withMinutes
}

function signed(seconds: number): string {
  return (seconds < 0 ? '-' : '') + padded(Math.abs(seconds), 2)
}
