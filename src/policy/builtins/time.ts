import { isRegoNumber, scientific, textOfNumber } from '../rego-number.js'
import { isRegoArray } from '../rego-text.js'
import type { RegoValue } from '../rego-value.js'
import { nearestFloat } from './big-float.js'
import type { Builtin, Builtins } from './builtin.js'
import { asInteger, asText } from './operands.js'
import { daysIn, daysOf, secondsPerDay } from './time-calendar.js'
import { parseDuration } from './time-duration.js'
import { formatTime, localTime, weekdayName } from './time-format.js'
import type { LocalTime } from './time-format.js'
import { parseTime } from './time-parse.js'
import type { Instant } from './time-parse.js'
import { createTimeZones, utc } from './time-zone.js'
import type { TimeZone } from './time-zone.js'

/** Time as a policy sees it: `time.now_ns` is the time of the call, and the local zone is UTC. */
export const time: Builtins = {
  'time.now_ns': { cost: () => 500, call: (_, { timeNs }) => timeNs },
  'time.parse_ns': ofTexts(2, ([layout = '', text = '']) => nanoseconds(parseTime(text, layout))),
  'time.parse_rfc3339_ns': ofTexts(1, ([text = '']) => nanoseconds(parseTime(text, 'RFC3339'))),
  'time.parse_duration_ns': ofTexts(1, ([text = '']) => parseDuration(text)),
  'time.format': ofTimes(1, ([at]) =>
    at === undefined ? undefined : formatTime(at.local, at.layout || 'RFC3339Nano'),
  ),
  'time.date': ofTimes(
    1,
    ([at]) => at && [at.local.year, at.local.month, at.local.day].map(BigInt),
  ),
  'time.clock': ofTimes(
    1,
    ([at]) => at && [at.local.hour, at.local.minute, at.local.second].map(BigInt),
  ),
  'time.weekday': ofTimes(1, ([at]) => at && weekdayName(at.local)),
  'time.add_date': ofTimes(1, ([at], [, ...amounts]) => at && addDate(at, amounts)),
  'time.diff': ofTimes(2, ([first, second]) => first && second && difference(first, second)),
}

function ofTexts(
  count: number,
  call: (texts: readonly string[]) => RegoValue | undefined,
): Builtin {
  return {
    cost: (bytes) => 10_000 + bytes * 200,
    call(args) {
      const texts = args
        .slice(0, count)
        .map(asText)
        .filter((text) => text !== undefined)
      return texts.length === count ? call(texts) : undefined
    },
  }
}

/** What the first argument of most of them says: an instant, and where and how it is shown. */
interface ShownTime {
  readonly instant: Instant
  readonly zone: TimeZone
  readonly layout: string
  readonly local: LocalTime
}

function ofTimes(
  count: number,
  call: (times: readonly ShownTime[], args: readonly RegoValue[]) => RegoValue | undefined,
): Builtin {
  return {
    cost: (bytes) => 15_000 + bytes * 200,
    call(args) {
      const times = args
        .slice(0, count)
        .map(asTime)
        .filter((at) => at !== undefined)
      return times.length === count ? call(times, args) : undefined
    },
  }
}

const zones = createTimeZones()

/** A number of nanoseconds, or an array of that, the name of a zone and a layout. */
function asTime(value: RegoValue): ShownTime | undefined {
  const [ns, zoneName = '', layout = ''] = isRegoArray(value) ? value : [value]
  const instant = instantOf(ns)
  if (instant === undefined || typeof zoneName !== 'string' || typeof layout !== 'string') {
    return undefined
  }
  const zone = ['', 'UTC', 'Local'].includes(zoneName) ? utc : zones.find(zoneName)
  if (zone === undefined) return undefined
  return { instant, zone, layout, local: shownIn(zone, instant) }
}

function instantOf(value: RegoValue | undefined): Instant | undefined {
  const ns = nearestInt64(value)
  if (ns === undefined) return undefined
  const nanosecond = Number(((ns % billion) + billion) % billion)
  return { seconds: Number((ns - BigInt(nanosecond)) / billion), nanosecond }
}

const billion = 1_000_000_000n

/** OPA rounds to 64 bits of precision before it asks whether the number is whole. */
function nearestInt64(value: RegoValue | undefined): bigint | undefined {
  if (!isRegoNumber(value)) return undefined
  const whole = typeof value === 'bigint' ? value : nearestFloat(scientific(textOfNumber(value)))
  return whole !== undefined && BigInt.asIntN(64, whole) === whole ? whole : undefined
}

function shownIn(zone: TimeZone, { seconds, nanosecond }: Instant): LocalTime {
  return localTime(seconds, nanosecond, zone.at(seconds))
}

/** Undefined where 64 bits do not hold it. */
function nanoseconds(instant: Instant | undefined): bigint | undefined {
  if (instant === undefined || !Number.isSafeInteger(instant.seconds)) return undefined
  const ns = BigInt(instant.seconds) * billion + BigInt(instant.nanosecond)
  return BigInt.asIntN(64, ns) === ns ? ns : undefined
}

function addDate({ local, zone }: ShownTime, amounts: readonly RegoValue[]): bigint | undefined {
  const [years, months, days] = amounts.map(asInteger)
  if (years === undefined || months === undefined || days === undefined) return undefined
  // Nothing that many days or months away can be shown in 64 bits.
  if (Math.max(Math.abs(years), Math.abs(months), Math.abs(days)) > 1e9) return undefined
  const day = daysOf(local.year + years, local.month + months, local.day + days)
  const shown = day * secondsPerDay + local.hour * 3600 + local.minute * 60 + local.second
  const guess = shown - zone.at(shown).offset
  const seconds = guess === shown ? shown : shown - zone.at(guess).offset
  return nanoseconds({ seconds, nanosecond: local.nanosecond })
}

/** Years, months, days, hours, minutes and seconds from the earlier to the later, in the zone of the first argument. */
function difference(first: ShownTime, second: ShownTime): readonly bigint[] {
  const other = shownIn(first.zone, second.instant)
  const isInOrder = compareInstants(first.instant, second.instant) <= 0
  const [from, to] = isInOrder ? [first.local, other] : [other, first.local]
  let year = to.year - from.year
  let month = to.month - from.month
  let day = to.day - from.day
  let hour = to.hour - from.hour
  let minute = to.minute - from.minute
  let second_ = to.second - from.second
  if (second_ < 0) [second_, minute] = [second_ + 60, minute - 1]
  if (minute < 0) [minute, hour] = [minute + 60, hour - 1]
  if (hour < 0) [hour, day] = [hour + 24, day - 1]
  if (day < 0) [day, month] = [day + daysIn(from.year, from.month), month - 1]
  if (month < 0) [month, year] = [month + 12, year - 1]
  return [year, month, day, hour, minute, second_].map(BigInt)
}

function compareInstants(a: Instant, b: Instant): number {
  return a.seconds - b.seconds || a.nanosecond - b.nanosecond
}
