/**
 * Nanoseconds of a text such as `1h30m`, as `time.ParseDuration` of Go reads it, with OPA's `d`, `w` and `y` besides;
 * undefined where those refuse.
 */
export function parseDuration(text: string): bigint | undefined {
  return parseGoDuration(/[dwy]/.test(text) ? inHours(text) : text)
}

/** Days, weeks and years as hours. */
function inHours(text: string): string {
  if (!/^[+-]?(?:[\d.]+(?:ms|us|µs|ns|[a-z]))+$/.test(text)) return ''
  return text.replace(amounts, (amount: string, digits: string, unit: string) => {
    const hours = hoursOf[unit]
    if (hours === undefined) return amount
    return isFloat(digits) ? `${plain(Number(digits) * hours)}h` : unreadable
  })
}

// Of every unit, because what stands before one that is not sought would be searched from each of its digits on.
const amounts = /([\d.]+)(ms|us|µs|ns|[a-z])/g

// No duration has it.
const unreadable = '?'

const hoursOf: Readonly<Record<string, number | undefined>> = { d: 24, w: 7 * 24, y: 365 * 24 }

function isFloat(digits: string): boolean {
  return /^(?:\d+(?:\.\d*)?|\.\d+)$/.test(digits) && Number.isFinite(Number(digits))
}

/** Without an exponent: the digits that tell the number from all others, and zeros. */
function plain(number: number): string {
  const [mantissa = '', power] = String(number).split('e')
  if (power === undefined) return mantissa
  const [whole = '', fraction = ''] = mantissa.split('.')
  const shift = Number(power)
  if (shift > 0) return whole + fraction.padEnd(shift, '0')
  return `0.${(whole + fraction).padStart(fraction.length - shift, '0')}`
}

function parseGoDuration(text: string): bigint | undefined {
  const unsigned = text.replace(/^[+-]/, '')
  if (unsigned === '0') return 0n
  if (!/^(?:(?:\d+(?:\.\d*)?|\.\d+)[^\d.]+)+$/.test(unsigned)) return undefined
  let sum = 0n
  for (const [, whole = '', fraction = '', unit = ''] of unsigned.matchAll(segments)) {
    const length = lengths.get(unit)
    if (length === undefined || whole.length > longestWhole) return undefined
    sum += BigInt(whole) * BigInt(length) + BigInt(fractionOf(fraction, length))
    if (sum > 1n << 63n) return undefined
  }
  if (text.startsWith('-')) return -sum
  return sum < 1n << 63n ? sum : undefined
}

const segments = /(\d*)\.?(\d*)([^\d.]+)/g

// Nothing of more digits is less than 2^63, unless zeros are in front.
const longestWhole = 4096

const lengths: ReadonlyMap<string, number> = new Map([
  ['ns', 1],
  ['us', 1e3],
  ['µs', 1e3],
  ['μs', 1e3],
  ['ms', 1e6],
  ['s', 1e9],
  ['m', 60e9],
  ['h', 3600e9],
])

/** In floating point and in this order, as Go: the last digits of a fraction of an hour depend on it. */
function fractionOf(fraction: string, length: number): number {
  if (fraction === '') return 0
  let digits = 0n
  let scale = 1
  for (const digit of fraction.slice(0, 20)) {
    const next = digits * 10n + BigInt(digit)
    if (digits > (2n ** 63n - 1n) / 10n || next > 2n ** 63n) break
    digits = next
    scale *= 10
  }
  return Math.trunc(Number(digits) * (length / scale))
}
