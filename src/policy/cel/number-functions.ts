import { celFunc, CelScalar, celUint, type CelFunc } from './engine.js'
import { CelReason } from './meter.js'
import { largestInt, largestUint, smallestInt } from './whole-number.js'

const { BOOL, DOUBLE, INT, STRING, UINT } = CelScalar

/** What the library gets wrong or takes too long for: comparing whole numbers with doubles, and reading numbers from texts. */
export const numberFunctions: readonly CelFunc[] = [
  ...comparisons('_<_', (left, right) => left < right),
  ...comparisons('_<=_', (left, right) => left <= right),
  ...comparisons('_>_', (left, right) => left > right),
  ...comparisons('_>=_', (left, right) => left >= right),
  celFunc('int', [STRING], INT, (text) => {
    const value = wholeNumberIn(text, /^[-+]?\d{1,20}$/)
    if (value < smallestInt || value > largestInt) throw new CelReason('int overflow')
    return value
  }),
  celFunc('uint', [STRING], UINT, (text) => {
    const value = wholeNumberIn(text, /^\+?\d{1,20}$/)
    if (value > largestUint) throw new CelReason('uint overflow')
    return celUint(value)
  }),
  celFunc('double', [STRING], DOUBLE, (text) => {
    const isNumber = text.length <= longestNumber && decimal.test(text)
    if (!isNumber) throw new CelReason('a text that is no number')
    return Number(text)
  }),
]

const longestNumber = 400
const decimal = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/

type Exact = number | bigint

/** A bigint and a double are compared by what they stand for. */
function comparisons(name: string, holds: (left: Exact, right: Exact) => boolean): CelFunc[] {
  return [
    celFunc(name, [INT, DOUBLE], BOOL, (left, right) => holds(left, right)),
    celFunc(name, [DOUBLE, INT], BOOL, (left, right) => holds(left, right)),
    celFunc(name, [UINT, DOUBLE], BOOL, (left, right) => holds(left.value, right)),
    celFunc(name, [DOUBLE, UINT], BOOL, (left, right) => holds(left, right.value)),
  ]
}

function wholeNumberIn(text: string, form: RegExp): bigint {
  if (!form.test(text)) throw new CelReason('a text that is no whole number')
  return BigInt(text.replace('+', ''))
}
