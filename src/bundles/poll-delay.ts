export interface PollTerms {
  /** Between two polls that went well. */
  readonly intervalMs: number
  /** From 0 to 1: spreads the polls of many gateways. */
  readonly random: () => number
}

/** The interval, give or take a tenth. */
export function pollDelayMs({ intervalMs, random }: PollTerms): number {
  return intervalMs * (0.9 + 0.2 * random())
}

/** After the `count`th failure in a row: a second at first, then twice as long each time, up to the interval. */
export function backOffMs(count: number, { intervalMs, random }: PollTerms): number {
  const grown = baseMs * 2 ** Math.min(count, 30)
  return Math.min(intervalMs, Math.max(leastMs, grown)) * (0.75 + 0.5 * random())
}

/**
 * What `Retry-After` (RFC 9110, section 10.2.3) asks for, seconds or a date, within bounds: a server that is wrong
 * about it must not keep policy as it is for long.
 */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined
  const isSeconds = /^[0-9]{1,9}$/.test(header)
  const ms = isSeconds ? Number(header) * 1000 : Date.parse(header) - now
  return Number.isNaN(ms) ? undefined : Math.min(longestRetryMs, Math.max(leastMs, ms))
}

const baseMs = 100
const leastMs = 1_000
const longestRetryMs = 600_000
