import type { JsonObject as SerializedValue, JsonValue } from '@bufbuild/protobuf'
import { tests } from '@bufbuild/cel-spec/testdata/conformance.js'
import type { SerializedIncrementalTestSuite } from '@bufbuild/cel-spec/testdata/tests.js'

/** One of the official tests as a condition; `expected` undefined where it has to come to an error. */
export interface ConformanceCase {
  readonly source: string
  readonly expected: boolean | undefined
}

/** Those without messages of Protocol Buffers, containers, variables and extensions that are not there. */
export function conformanceCases(): readonly ConformanceCase[] {
  return casesIn(tests)
}

function casesIn({
  suites = [],
  tests: own = [],
}: SerializedIncrementalTestSuite): ConformanceCase[] {
  return [...suites.flatMap(casesIn), ...own.flatMap(({ original }) => caseOf(original))]
}

function caseOf({ expr, ...more }: SerializedValue & { expr: string }): ConformanceCase[] {
  const { container, bindings, value, evalError } = more
  const isForeign = container !== undefined || bindings !== undefined || foreign.test(expr)
  if (isForeign) return []
  if (evalError !== undefined) return [{ source: `(${expr}) == null`, expected: undefined }]
  const [[type, given] = ['boolValue', true]] = Object.entries(objectOf(value))
  if (type === 'boolValue') return [{ source: expr, expected: given === true }]
  const literal = literalOf(type, given ?? null)
  return literal === undefined ? [] : [{ source: `(${expr}) == ${literal}`, expected: true }]
}

const foreign = /TestAllTypes|google\.protobuf|proto\.|optional|cel\.|math\.|strings\.|base64\./

function objectOf(value: JsonValue | undefined): SerializedValue {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {}
}

/** A value as it is written in CEL; undefined where that cannot be compared. */
function literalOf(type: string, value: JsonValue): string | undefined {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  switch (type) {
    case 'boolValue':
    case 'int64Value':
      return `(${text})`
    case 'uint64Value':
      return `${text}u`
    case 'doubleValue':
      return doubleLiteral(text)
    case 'stringValue':
      return JSON.stringify(value)
    case 'bytesValue':
      return `b"${Buffer.from(text, 'base64').toString('hex').replace(/../g, '\\x$&')}"`
    case 'nullValue':
      return 'null'
    default:
      return undefined
  }
}

function doubleLiteral(text: string): string | undefined {
  if (text === 'NaN') return undefined
  const finite = text.replace('Infinity', '1e400')
  return /[.e]/.test(finite) ? `(${finite})` : `(${finite}.0)`
}
