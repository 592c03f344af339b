/** The proleptic Gregorian calendar; seconds count from the epoch, as if each day had 86,400. */

export interface Day {
  readonly year: number
  /** From 1. */
  readonly month: number
  readonly day: number
}

export const secondsPerDay = 86_400

/** The days since the epoch; months and days beyond their range carry over. */
export function daysOf(year: number, month: number, day: number): number {
  const months = year * 12 + month - 1
  const ofMarch = months - 2
  const marchYear = Math.floor(ofMarch / 12)
  const monthOfYear = ofMarch - marchYear * 12
  const century = Math.floor(marchYear / 400)
  const yearOfEra = marchYear - century * 400
  const dayOfYear = Math.floor((153 * monthOfYear + 2) / 5)
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100)
  return century * daysPerEra + dayOfEra + dayOfYear + day - 1 - epochDay
}

// 400 years have the same days again. Years are counted from March here, so that the odd day comes last.
const daysPerEra = 146_097
const epochDay = 719_468

export function dayOf(days: number): Day {
  const sinceEra = days + epochDay
  const era = Math.floor(sinceEra / daysPerEra)
  const dayOfEra = sinceEra - era * daysPerEra
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  )
  const dayOfYear =
    dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153)
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
  return {
    year: era * 400 + yearOfEra + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1,
  }
}

/** From 0, Sunday. */
export function weekdayOf(days: number): number {
  return (((days + 4) % 7) + 7) % 7
}

export function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
}

export function daysIn(year: number, month: number): number {
  return daysOf(year, month + 1, 1) - daysOf(year, month, 1)
}
