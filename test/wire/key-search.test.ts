import { describe, expect, test } from 'vitest'
import { createKeySearch } from '../../src/wire/key-search.js'

const search = createKeySearch(['taskId', 'inputRequests'])
const isIn = (text: string): boolean => search.isIn(Buffer.from(text))

describe('a key is found', () => {
  test.each([
    ['plain', '{"a":{"taskId":1}}'],
    ['before white space', '{"taskId" \n:1}'],
    ['with an escape', '{"t\\u0061skId":1}'],
    ['with every letter escaped', `{"${escaped('inputRequests')}":1}`],
    ['with escapes in upper case', '{"tas\\u006BId":1}'],
    ['in another case', '{"TASKID":1}'],
    ['with an escaped letter of another case', '{"\\u0054askId":1}'],
    ['with letters that fold into its own', '{"ta\u017f\u212aId":1, "x":1}'],
    ['with such letters escaped', '{"ta\\u017F\\u212aId":1}'],
    ['as a value, which may be one too', '{"a":["taskId"]}'],
  ])('%s', (_how, text) => expect(isIn(text)).toBe(true))
})

describe('no key is found', () => {
  test.each([
    ['in the text of a string', '{"a":"taskId"}'.replace('taskId', ' taskId ')],
    [
      'in JSON inside a string',
      JSON.stringify({ a: JSON.stringify({ taskId: 1, inputRequests: {} }) }),
    ],
    ['in a longer key', '{"taskIdentity":1,"myTaskId":2}'],
    ['behind another escape', '{"t\\\\u0061skId":1}'],
    ['in nothing', ''],
  ])('%s', (_where, text) => expect(isIn(text)).toBe(false))
})

test('a spelling takes no more bytes than it says', () => {
  expect(search.longest).toBe(escaped('inputRequests').length + 2)
})

function escaped(key: string): string {
  return Array.from(
    key,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
  ).join('')
}
