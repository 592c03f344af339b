import { inflateRawSync } from 'node:zlib'
import { dayOf, daysIn, daysOf, secondsPerDay, weekdayOf } from './time-calendar.js'
import { timeZoneData } from './time-zone-data.js'

/** What clocks show somewhere. */
export interface TimeZone {
  /** @param seconds since the epoch */
  at(seconds: number): Period
}

export interface Period {
  /** Seconds ahead of UTC. */
  readonly offset: number
  /** Such as `CEST`, or `-03` where there is no other. */
  readonly abbreviation: string
}

export const utc: TimeZone = { at: () => ({ offset: 0, abbreviation: 'UTC' }) }

/** By the name in the IANA database, in the case that it has there. */
export interface TimeZones {
  find(name: string): TimeZone | undefined
}

/** The zones as `opa` carries them: those of the runtime differ from one version of Node to another, and have no abbreviations. */
export function createTimeZones(): TimeZones {
  const zones = new Map<string, TimeZone>()
  let lines: ReadonlyMap<string, string> | undefined
  return {
    find(name) {
      const known = zones.get(name)
      if (known !== undefined) return known
      lines ??= linesByName()
      const line = lines.get(name)
      if (line === undefined) return undefined
      const zone = zoneOf(line)
      zones.set(name, zone)
      return zone
    },
  }
}

function linesByName(): ReadonlyMap<string, string> {
  const table = inflateRawSync(Buffer.from(timeZoneData, 'base64')).toString('latin1')
  return new Map(
    table.split('\n').flatMap((line) => {
      const names = line.slice(0, line.indexOf('|')).split(' ')
      return names.map((name) => [name, line] as const)
    }),
  )
}

function zoneOf(line: string): TimeZone {
  const [, types = '', changes = '', rule = ''] = line.split('|')
  const periods = types.split(' ').map(periodOf)
  const times: number[] = []
  const following: Period[] = []
  let time = 0
  for (const change of changes === '' ? [] : changes.split(' ')) {
    const [delta = '', index = ''] = change.split(':')
    time += parseInt(delta, 36)
    times.push(time)
    following.push(periods[Number(index)] ?? unknown)
  }
  const first = periods[0] ?? unknown
  const last = following.at(-1)
  const later = last === undefined ? undefined : laterOf(rule)
  return {
    at(seconds) {
      const passed = countUpTo(times, seconds)
      if (passed === times.length && later !== undefined) return later(seconds)
      return following[passed - 1] ?? first
    },
  }
}

const unknown: Period = { offset: 0, abbreviation: 'UTC' }

function periodOf(type: string): Period {
  const [abbreviation = '', offset = ''] = type.split(',')
  return { abbreviation, offset: Number(offset) }
}

/** How many of the ascending times are not after the given one. */
function countUpTo(times: readonly number[], seconds: number): number {
  let low = 0
  let high = times.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((times[middle] ?? 0) <= seconds) low = middle + 1
    else high = middle
  }
  return low
}

/** What holds after the last change that is listed, by a rule such as `CET-1CEST,M3.5.0,M10.5.0/3` (POSIX, TZ). */
function laterOf(rule: string): (seconds: number) => Period {
  const [names = '', starts = '', ends = ''] = rule.split(',')
  const [, standardName = '', standardTime = '', summerName, summerTime] =
    ruleNames.exec(names) ?? []
  const standard: Period = {
    abbreviation: withoutBrackets(standardName),
    offset: -secondsOf(standardTime),
  }
  if (summerName === undefined) return () => standard
  const summer: Period = {
    abbreviation: withoutBrackets(summerName),
    offset: summerTime === undefined ? standard.offset + 3600 : -secondsOf(summerTime),
  }
  const startOf = changeOf(starts, standard.offset)
  const endOf = changeOf(ends, summer.offset)
  return (seconds) => {
    const { year } = dayOf(Math.floor(seconds / secondsPerDay))
    const start = startOf(year)
    const end = endOf(year)
    const isSummer =
      start <= end ? start <= seconds && seconds < end : seconds < end || start <= seconds
    return isSummer ? summer : standard
  }
}

const ruleNames = /^(<[^>]*>|[A-Za-z]+)([-+\d:]+)(?:(<[^>]*>|[A-Za-z]+)([-+\d:]+)?)?$/

function withoutBrackets(name: string): string {
  return name.replace(/[<>]/g, '')
}

function secondsOf(time: string): number {
  const [hours = '0', minutes = '0', seconds = '0'] = time.split(':')
  const size = Math.abs(Number(hours)) * 3600 + Number(minutes) * 60 + Number(seconds)
  return time.startsWith('-') ? -size : size
}

/** When the change comes in a year: in seconds since the epoch, for a rule such as `M10.5.0/3`, the last Sunday of October at 3. */
function changeOf(rule: string, offsetBefore: number): (year: number) => number {
  const [, month, week, weekday, time = '2'] = monthRule.exec(rule) ?? []
  return (year) => {
    const first = daysOf(year, Number(month), 1)
    let day = (Number(weekday) - weekdayOf(first) + 7) % 7
    for (let n = 1; n < Number(week) && day + 7 < daysIn(year, Number(month)); n += 1) day += 7
    return (first + day) * secondsPerDay + secondsOf(time) - offsetBefore
  }
}

const monthRule = /^M(\d+)\.(\d)\.(\d)(?:\/([-+\d:]+))?$/
