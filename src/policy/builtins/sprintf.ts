import { isRegoNumber, textOfNumber } from '../rego-number.js'
import type { RegoNumber } from '../rego-value.js'
import { isRegoArray } from '../rego-text.js'
import type { RegoValue } from '../rego-value.js'
import type { Builtins } from './builtin.js'
import { printf } from './go-printf.js'
import type { Operand } from './go-printf.js'
import { asText } from './operands.js'
import { displayed } from './rego-display.js'

export const sprintf: Builtins = {
  sprintf: {
    cost: (bytes, [format, values]) =>
      3_000 +
      bytes * 300 * (1 + countOf('[', format)) +
      countOf('%', format) * 4_000 +
      paddedLength(format, values) * 3 +
      conversionNs(values),
    call([first, values]) {
      const format = asText(first)
      if (format === undefined || !isRegoArray(values)) return undefined
      return printf(format, values.map(operandOf))
    },
  },
}

/** A format with brackets names its operands by number, and may take one again and again. */
function countOf(character: string, format: RegoValue | undefined): number {
  return (asText(format) ?? '').split(character).length - 1
}

/** The most that widths and precisions can add, whether they stand in the format or among the values. */
function paddedLength(format: RegoValue | undefined, values: RegoValue | undefined): number {
  const largest = isRegoArray(values) ? Math.max(0, ...values.map(widthOf)) : 0
  const written = (asText(format) ?? '').match(/\d+|\*/g) ?? []
  return written.reduce((sum, width) => sum + (width === '*' ? largest : widthOf(width)), 0)
}

/** Numbers of thousands of digits are read when they are shown. */
function conversionNs(values: RegoValue | undefined): number {
  const elements = isRegoArray(values) ? values : []
  return elements.reduce<number>((sum, value) => sum + decimalDigits(value) ** 2 / 50, 0)
}

function decimalDigits(value: RegoValue): number {
  return isRegoNumber(value) && typeof value !== 'bigint' ? value.text.length : 0
}

function widthOf(value: RegoValue): number {
  if (typeof value !== 'string' && typeof value !== 'bigint') return 0
  const width = Math.abs(Number(value))
  return width < 1.1e7 ? width : 0
}

function operandOf(value: RegoValue): Operand {
  if (typeof value === 'string') return { type: 'string', value }
  if (isRegoNumber(value)) return numberOperand(value)
  return { type: 'string', value: displayed(value) }
}

function numberOperand(number: RegoNumber): Operand {
  if (typeof number === 'bigint') {
    const isSmall = BigInt.asIntN(64, number) === number
    return { type: isSmall ? 'int64' : '*big.Int', value: number }
  }
  const text = textOfNumber(number)
  if (!/[.eE]/.test(text)) return { type: '*big.Int', value: BigInt(text) }
  const value = Number(text)
  return Number.isFinite(value) ? { type: 'float64', value } : { type: 'string', value: text }
}
