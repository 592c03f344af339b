import { isRegoArray } from '../rego-text.js'
import type { RegoValue } from '../rego-value.js'
import { asInt64 } from './operands.js'

/** The steps of a path, which is a JSON pointer (RFC 6901, its first slashes left out or not) or an array. */
export function readPath(written: RegoValue | undefined): readonly RegoValue[] | undefined {
  if (isRegoArray(written)) return written
  if (typeof written !== 'string') return undefined
  if (written === '') return []
  return withoutSlashes(written)
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
}

function withoutSlashes(text: string): string {
  let start = 0
  while (text.charAt(start) === '/') start += 1
  return text.slice(start)
}

/** The index in an array of that length; `-` is behind its end. Undefined where the step is no number as OPA reads one. */
export function readIndex(step: RegoValue, length: number): number | undefined {
  if (typeof step !== 'string') return numberOf(asInt64(step))
  if (step === '-') return length
  const [, sign = '', digits] = wholeNumber.exec(step) ?? []
  if (digits === undefined || (step !== '0' && step.startsWith('0'))) return undefined
  return Number(`${sign}0${digits}`)
}

// Up to 19 characters besides the sign; what stands behind a point must be zeros.
const wholeNumber = /^([+-]?)(?=[\d.]{1,19}$)(\d*)\.?0*$/

function numberOf(index: bigint | undefined): number | undefined {
  return index === undefined ? undefined : Number(index)
}
