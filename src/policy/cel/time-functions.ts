import { dayOf, daysOf, secondsPerDay, weekdayOf } from '../builtins/time-calendar.js'
import { createTimeZones, utc, type TimeZone } from '../builtins/time-zone.js'
import { celFunc, celMethod, CelScalar, timestampType, type CelFunc } from './engine.js'
import { CelReason, meter, spend, spendText } from './meter.js'
import { isWithin, readTimeWindows, type TimeWindow } from './time-windows.js'

const { BOOL, INT, STRING } = CelScalar

/** Of the zones that Rego has; the library's own would depend on the zone in which the process runs. */
export const timeFunctions: readonly CelFunc[] = [
  ...getters('getFullYear', ({ days }) => dayOf(days).year),
  ...getters('getMonth', ({ days }) => dayOf(days).month - 1),
  ...getters('getDate', ({ days }) => dayOf(days).day),
  ...getters('getDayOfMonth', ({ days }) => dayOf(days).day - 1),
  ...getters('getDayOfWeek', ({ days }) => weekdayOf(days)),
  ...getters('getDayOfYear', ({ days }) => days - daysOf(dayOf(days).year, 1, 1)),
  ...getters('getHours', ({ second }) => Math.floor(second / 3600)),
  ...getters('getMinutes', ({ second }) => Math.floor(second / 60) % 60),
  ...getters('getSeconds', ({ second }) => second % 60),
  ...getters('getMilliseconds', ({ milliseconds }) => milliseconds),
  celMethod('within', timestampType, [STRING], BOOL, function (windows) {
    return isInside(this.message, readRule(windows, 'UTC'))
  }),
  celMethod('within', timestampType, [STRING, STRING], BOOL, function (windows, zone) {
    return isInside(this.message, readRule(windows, zone))
  }),
  celFunc('@within', [timestampType, INT], BOOL, (time, literal) => {
    return isInside(time.message, meter.literals[Number(literal)] as TimeRule)
  }),
]

export interface TimeRule {
  readonly windows: readonly TimeWindow[]
  readonly zone: TimeZone
}

/** @throws CelReason */
export function readTimeRule(windows: string, zone: string): TimeRule {
  return { windows: readTimeWindows(windows), zone: readTimeZone(zone) }
}

/** @throws CelReason */
export function readTimeZone(name: string): TimeZone {
  if (name === 'UTC') return utc
  const fixed = /^([+-]?)(\d\d):(\d\d)$/.exec(name)
  if (fixed !== null) return fixedZone(fixed)
  const zone = timeZones.find(name)
  if (zone === undefined) throw new CelReason('no time zone: write such as Europe/Berlin or +02:00')
  return zone
}

const timeZones = createTimeZones()

function fixedZone([, sign, hours, minutes]: RegExpExecArray): TimeZone {
  const size = Number(hours) * 3600 + Number(minutes) * 60
  return { at: () => ({ offset: sign === '-' ? -size : size, abbreviation: '' }) }
}

function readRule(windows: string, zone: string): TimeRule {
  spendText((windows.length + zone.length) * 128)
  return readTimeRule(windows, zone)
}

/** What clocks show: days since the epoch, the second of the day and what is left of it. */
interface Shown {
  readonly days: number
  readonly second: number
  readonly milliseconds: number
}

interface Moment {
  readonly seconds: bigint
  readonly nanos: number
}

function shownAt({ seconds, nanos }: Moment, zone: TimeZone): Shown {
  const local = Number(seconds) + zone.at(Number(seconds)).offset
  const days = Math.floor(local / secondsPerDay)
  return {
    days,
    second: local - days * secondsPerDay,
    milliseconds: Math.floor(nanos / 1_000_000),
  }
}

function isInside(moment: Moment, { windows, zone }: TimeRule): boolean {
  spend(1 + windows.length)
  const { days, second } = shownAt(moment, zone)
  return isWithin(windows, weekdayOf(days), Math.floor(second / 60))
}

function getters(name: string, read: (shown: Shown) => number): CelFunc[] {
  return [
    celMethod(name, timestampType, [], INT, function () {
      return BigInt(read(shownAt(this.message, utc)))
    }),
    celMethod(name, timestampType, [STRING], INT, function (zone) {
      spend(4)
      return BigInt(read(shownAt(this.message, readTimeZone(zone))))
    }),
  ]
}
