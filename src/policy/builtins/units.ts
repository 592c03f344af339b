import { scientific } from '../rego-number.js'
import type { Scientific } from '../rego-number.js'
import { numberOf } from '../rego-number.js'
import type { RegoNumber } from '../rego-value.js'
import { fractionOf, roundToBits } from './big-float.js'
import type { Fraction } from './big-float.js'
import type { Builtin, Builtins } from './builtin.js'
import { asText } from './operands.js'

/** Amounts with units: `units.parse` for `10K` and `100m`, `units.parse_bytes` for `2GiB`. */
export const units: Builtins = {
  'units.parse': ofAmount((text) => {
    const unquoted = text.replaceAll('"', '')
    const { amount, unit } = splitAmount(unquoted) ?? {}
    const factor = siUnits.get(unit === undefined ? '' : unit.slice(0, 1) + lower(unit.slice(1)))
    if (amount === undefined || factor === undefined) return undefined
    return decimal(multiply(fractionOf(amount), factor))
  }),
  'units.parse_bytes': ofAmount((text) => {
    const { amount, unit = '' } = splitAmount(lower(text).replaceAll('"', '')) ?? {}
    const factor = byteUnits.get(unit)
    if (amount === undefined || factor === undefined) return undefined
    return wholeBytes(fractionOf(amount), factor)
  }),
}

function ofAmount(call: (text: string) => RegoNumber | undefined): Builtin {
  return {
    cost: (bytes, [text]) => 10_000 + bytes * 100 + digitsOf(asText(text) ?? '') ** 2 / 50,
    call([value]) {
      const text = asText(value)
      return text === undefined || text.includes(' ') ? undefined : call(text)
    },
  }
}

/** How many digits the amount may have once it is written out: arithmetic takes their square at worst. */
function digitsOf(text: string): number {
  const [, power = '0'] = /[eE][+-]?(\d{1,6})(?!\d)/.exec(text) ?? []
  return text.length + Number(power)
}

// Letter by letter, as Go does it: İ is one letter there.
function lower(text: string): string {
  return text.replaceAll('İ', 'i').toLowerCase()
}

interface Amount {
  readonly amount: Scientific
  readonly unit: string
}

function splitAmount(text: string): Amount | undefined {
  const [written = ''] = amountAt.exec(text) ?? []
  if (!/^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,6})?$/.test(written)) return undefined
  const amount = scientific(written.replace(/^\+/, ''))
  return { amount, unit: text.slice(written.length) }
}

// An e belongs to the amount where a digit or a sign follows it.
const amountAt = /^(?:[\d.+-]|[eE](?=[\d+-]))*/

const binary = ['ki', 'mi', 'gi', 'ti', 'pi', 'ei'].map(
  (unit, n) => [unit, 1024n ** BigInt(n + 1)] as const,
)
const thousands = ['k', 'm', 'g', 't', 'p', 'e'].map(
  (unit, n) => [unit, 1000n ** BigInt(n + 1)] as const,
)

// A thousandth is the float that is nearest to it: this much, exactly.
const thousandth: Fraction = { numerator: 1152921504606847n, denominator: 2n ** 60n }

const siUnits: ReadonlyMap<string, Fraction> = new Map([
  ['', whole(1n)],
  ...[...thousands, ...binary].flatMap(([unit, size]) => [
    [unit, whole(size)] as const,
    [unit.slice(0, 1).toUpperCase() + unit.slice(1), whole(size)] as const,
  ]),
  ['m', thousandth],
])

const byteUnits: ReadonlyMap<string, bigint> = new Map([
  ['', 1n],
  ...thousands.flatMap(([unit, size]) => [[unit, size] as const, [`${unit}b`, size] as const]),
  ...binary.flatMap(([unit, size]) => [[unit, size] as const, [`${unit}b`, size] as const]),
])

function whole(numerator: bigint): Fraction {
  return { numerator, denominator: 1n }
}

function multiply(a: Fraction, b: Fraction): Fraction {
  return { numerator: a.numerator * b.numerator, denominator: a.denominator * b.denominator }
}

/** Whole, or with ten digits behind the point, half away from zero. */
function decimal({ numerator, denominator }: Fraction): RegoNumber {
  if (numerator % denominator === 0n) return numberOf(String(numerator / denominator))
  const size = numerator < 0n ? -numerator : numerator
  const scaled = (size * 10n ** 10n * 2n + denominator) / (denominator * 2n)
  const digits = String(scaled).padStart(11, '0')
  return {
    type: 'decimal',
    text: `${numerator < 0n ? '-' : ''}${digits.slice(0, -10)}.${digits.slice(-10)}`,
  }
}

/** With 64 bits of precision, and without what is left below one. */
function wholeBytes({ numerator, denominator }: Fraction, factor: bigint): RegoNumber {
  const amount = roundToBits(numerator, denominator)
  const { mantissa, exponent } = roundToBits(amount.mantissa * factor, 1n)
  const shift = BigInt(exponent + amount.exponent)
  if (shift >= 0n) return numberOf(String(mantissa << shift))
  const size = (mantissa < 0n ? -mantissa : mantissa) >> -shift
  return mantissa < 0n ? -size : size
}
