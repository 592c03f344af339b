import { GatewayError } from '../domain/errors.js'
import type { Asking } from './asking.js'
import { createLines } from './lines.js'

/** Longest wait for one of several servers whose answers are merged, milliseconds: the others are not held up by it. */
export const longestWait = 10_000

/** What comes of the work, or of its being late: then nobody listens to it any more. */
export async function inTime<T>(
  asking: Asking,
  waitMs: number,
  work: (asking: Asking) => Promise<T>,
  late: (error: GatewayError) => T,
): Promise<T> {
  const line = asking.lines.line()
  const lines = createLines(line)
  let timer: NodeJS.Timeout | undefined
  const over = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), waitMs)
  })
  const worked = work({ ...asking, lines }).then((value) => ({ value }))
  const first = await Promise.race([worked, over]).finally(() => clearTimeout(timer))
  asking.lines.release(line)
  if (first !== undefined) return first.value
  lines.hangUp()
  // It may still fail, which is of no more interest.
  worked.catch(() => undefined)
  const message = `The server gave no answer within ${waitMs / 1000} s, for which the others do not wait`
  return late(new GatewayError('upstream_timeout', message))
}
