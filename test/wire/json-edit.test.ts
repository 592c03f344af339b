import { describe, expect, test } from 'vitest'
import { editJson, type Editor } from '../../src/wire/json-edit.js'
import { couldContain } from '../../src/wire/json-tree-spelling.js'

/** Removes numbers above 10, and writes the way to each string in its place. */
const trail: Editor<string> = {
  member: (state, key) => `${state}.${key}`,
  item: (state, index) => `${state}[${index}]`,
  editString: (state) => ({ text: JSON.stringify(state) }),
  editValue: (state) =>
    state.includes('gone') ? 'remove' : state.includes('kept') ? 'keep' : 'enter',
}

function edited(source: string): string {
  return editJson(source, '$', trail)
}

describe('one walk edits', () => {
  test.each([
    ['{"a":"","b":["",{"c":""}]}', '{"a":"$.a","b":["$.b[0]",{"c":"$.b[1].c"}]}'],
    [' [ "" , 1.0 ] ', ' [ "$[0]" , 1.0 ] '],
    ['""', '"$"'],
    ['{"kept":["",{"x":""}],"a":""}', '{"kept":["",{"x":""}],"a":"$.a"}'],
    ['{"a":{},"b":[ ],"c":""}', '{"a":{},"b":[ ],"c":"$.c"}'],
  ])('%s', (source, expected) => {
    expect(edited(source)).toBe(expected)
  })
})

describe('one walk removes', () => {
  test.each([
    ['{"gone":1}', '{}'],
    ['{ "gone" : 1 }', '{ }'],
    ['{"gone":1,"a":1}', '{"a":1}'],
    ['{"a":1,"gone":1}', '{"a":1}'],
    ['{"a":1,"gone":1,"b":2}', '{"a":1,"b":2}'],
    ['{"gone1":1,"gone2":2}', '{}'],
    ['{"a":"","gone1":1,"gone2":[2]}', '{"a":"$.a"}'],
    ['{"gone1":1,"a":"","gone2":1,"gone3":1}', '{"a":"$.a"}'],
    ['{"gone1":1,"a":1,"gone2":1,"b":{"gone":1},"gone3":1}', '{"a":1,"b":{}}'],
    ['[{"gone":1},{"a":1,"gone":{"gone":"]"}}]', '[{},{"a":1}]'],
    ['{\n  "a": 1,\n  "gone": 2\n}', '{\n  "a": 1\n}'],
  ])('%j', (source, expected) => {
    expect(edited(source)).toBe(expected)
  })

  test('the root, and leaves null', () => {
    expect(editJson(' {"a":1} ', 'gone', trail)).toBe(' null ')
  })
})

test('a text without an edit is the same text', () => {
  const source = '{"a":[1.0,{"b":null}],"kept":"x" , "c" :[[]]}'
  expect(editJson(source, '', { ...trail, editString: () => 'keep' })).toBe(source)
})

test('nesting costs no stack', () => {
  const depth = 200_000
  const source = '['.repeat(depth) + '""' + ']'.repeat(depth)
  const last: Editor<number> = {
    member: (state) => state,
    item: (state) => state + 1,
    editString: (state) => ({ text: String(state) }),
    editValue: () => 'enter',
  }
  expect(editJson(source, 0, last)).toBe(source.replace('""', String(depth)))
})

test('a string of many escaped quotes and backslashes is read in linear time', () => {
  const source = JSON.stringify({ kept: '\\"'.repeat(200_000), tail: '\\'.repeat(400_000), a: '' })
  expect(edited(source)).toBe('{"kept":"$.kept","tail":"$.tail","a":"$.a"}')
})

describe('a text could contain', () => {
  test.each([
    ['{"a":"salary"}', 'salary'],
    ['{"sal\\u0061ry":1}', 'salary'],
    ['{"t":"{\\"sal\\\\u0061ry\\":1}"}', 'salary'],
    ['{"t":"{\\"sal\\\\\\u0075\\u0030061ry\\":1}"}', 'salary'],
    ['{"t":"\\u001b[0m"}', '\u001b['],
    ['{"t":"\\u001B[0m"}', '\u001b['],
    ['{"t":"\\n"}', '\n'],
    ['{"t":"\\u000a"}', '\n'],
    ['{"t":"a\\/b"}', 'a/b'],
    ['{"t":"\\""}', '"'],
    ['{"t":"\\u00e9"}', 'é'],
    ['{"t":"é"}', 'é'],
    ['{}', ''],
  ])('%s: %j', (source, text) => {
    expect(couldContain(source, text)).toBe(true)
  })

  test.each([
    ['{"a":"b"}', 'salary'],
    ['{"a":"\\n"}', 'salary'],
    ['{"a":"\\u00e9\\u2028"}', 'salary'],
    ['{"a":"\\n\\u00e9"}', '\u001b['],
    ['{"a":"b"}', '\n'],
    ['{"a":"b"}', 'é'],
    ['{"a":"\\n"}', 'é'],
  ])('%s, and never %j', (source, text) => {
    expect(couldContain(source, text)).toBe(false)
  })
})
