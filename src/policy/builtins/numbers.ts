import type { RegoValue } from '../rego-value.js'
import type { Builtins } from './builtin.js'
import { asWhole } from './operands.js'

export const numbers: Builtins = {
  'numbers.range_step': {
    cost: (bytes, args) =>
      20_000 +
      bytes * 100 +
      (args.every((arg) => typeof arg === 'bigint') ? 0 : powersNs) +
      Number(rangeOf(args)?.length ?? 0n) * (500 + bytes),
    call(args) {
      const range = rangeOf(args)
      if (range === undefined || range.length > longestRange) return undefined
      return Array.from(
        { length: Number(range.length) },
        (_, n) => range.first + BigInt(n) * range.step,
      )
    },
  },
}

// What three powers of ten with the most zeros take to be written out.
const powersNs = 10_000_000

// Nobody can pay for more.
const longestRange = 1_000_000n

interface Range {
  readonly first: bigint
  /** Negative where the range goes down. */
  readonly step: bigint
  readonly length: bigint
}

function rangeOf(args: readonly RegoValue[]): Range | undefined {
  const [first, last, step] = args.map(asWhole)
  if (first === undefined || last === undefined || step === undefined || step <= 0n)
    return undefined
  const distance = last - first
  const length = (distance < 0n ? -distance : distance) / step + 1n
  return { first, step: distance < 0n ? -step : step, length }
}
