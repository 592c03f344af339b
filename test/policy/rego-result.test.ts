import { expect, test } from 'vitest'
import { readResult } from '../../src/policy/rego-result.js'

const mebibyte = 1 << 20

test('the result of the one entrypoint is read, brackets in strings not being levels', () => {
  const text = '['.repeat(5000)
  expect(readResult(JSON.stringify([{ result: { text } }]))).toEqual({ text })
  expect(readResult('[]')).toBeUndefined()
})

test('what is nested deeper than a hundred levels is too large', () => {
  const nested = `[{"result":${'['.repeat(99)}${']'.repeat(99)}}]`
  expect(() => readResult(nested)).toThrow(expect.objectContaining({ cause: 'result_too_large' }))
})

test.each([
  ['quotes that are escaped outside of strings', '\\"'],
  ['quotes', '"'],
  ['backslashes', '\\'],
  ['line ends in a string that does not end', '"\\\n'],
])('%s are read in one pass, and are no result', (_, piece) => {
  const text = piece.repeat(mebibyte / piece.length)
  expect(() => readResult(text)).toThrow(expect.objectContaining({ cause: 'trap' }))
})
