import { CelReason } from './meter.js'

/** Hours of some days of the week; one that goes over midnight belongs to the day on which it begins. */
export interface TimeWindow {
  /** A bit a day, Sunday first. */
  readonly days: number
  /** Minutes since midnight. */
  readonly start: number
  readonly end: number
}

/**
 * Reads `Mon-Fri 09:00-17:00, Sat 22:00-02:00`; without days it is every day.
 * @throws CelReason
 */
export function readTimeWindows(text: string): readonly TimeWindow[] {
  return text.split(',').map((part) => readTimeWindow(part.trim()))
}

/** `weekday` from Sunday, 0; `minute` since midnight. */
export function isWithin(windows: readonly TimeWindow[], weekday: number, minute: number): boolean {
  return windows.some(({ days, start, end }) => {
    if (start < end) return has(days, weekday) && minute >= start && minute < end
    const isBefore = has(days, weekday) && minute >= start
    return isBefore || (has(days, (weekday + 6) % 7) && minute < end)
  })
}

function has(days: number, weekday: number): boolean {
  return ((days >> weekday) & 1) === 1
}

function readTimeWindow(text: string): TimeWindow {
  const { first, last, start, end } = form.exec(text)?.groups ?? {}
  const window = {
    days: first === undefined ? everyDay : daysFrom(first, last ?? first),
    start: minuteOf(start),
    end: minuteOf(end),
  }
  const isTime = window.start < dayMinutes && window.end <= dayMinutes
  if (!isTime || window.start === window.end || window.days === 0) {
    throw new CelReason(
      `no time window: ${JSON.stringify(text.slice(0, 40))}; write such as Mon-Fri 09:00-17:00`,
    )
  }
  return window
}

const form =
  /^(?:(?<first>[A-Za-z]{3})(?:-(?<last>[A-Za-z]{3}))?\s+)?(?<start>\d\d:\d\d)\s*-\s*(?<end>\d\d:\d\d)$/
const dayMinutes = 24 * 60
const everyDay = 0x7f
const names = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']

/** 0 where one is no day. */
function daysFrom(first: string, last: string): number {
  const from = names.indexOf(first.toLowerCase())
  const to = names.indexOf(last.toLowerCase())
  if (from === -1 || to === -1) return 0
  let days = 1 << to
  for (let day = from; day !== to; day = (day + 1) % 7) days |= 1 << day
  return days
}

function minuteOf(text = '99:99'): number {
  const [hours, minutes] = text.split(':').map(Number)
  return minutes !== undefined && minutes < 60 ? (hours ?? 99) * 60 + minutes : Infinity
}
