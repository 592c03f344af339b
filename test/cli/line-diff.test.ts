import { expect, test } from 'vitest'
import { lineDiff } from '../../src/cli/line-diff.js'

test('lines of both stand between those of one', () => {
  expect(lineDiff('a\nb\nc', 'a\nx\nc\nd')).toEqual(['  a', '- b', '+ x', '  c', '+ d'])
})

test('equal texts have no marks, and nothing in common is all of both', () => {
  expect(lineDiff('a\nb', 'a\nb')).toEqual(['  a', '  b'])
  expect(lineDiff('a', 'b')).toEqual(['- a', '+ b'])
})

test('texts too long to be compared are shown whole', () => {
  const long = Array.from({ length: 1_500 }, (_, line) => String(line)).join('\n')
  const lines = lineDiff(long, long)
  expect(lines).toHaveLength(3_000)
  expect(lines[0]).toBe('- 0')
})
