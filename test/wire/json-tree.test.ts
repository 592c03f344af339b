import { describe, expect, test } from 'vitest'
import {
  insertAt,
  removeAt,
  replaceAt,
  textOf,
  valueAt,
  verbatim,
  type JsonNode,
} from '../../src/wire/json-tree.js'
import { isSameJson } from '../../src/wire/json-tree-equal.js'

const source =
  ' { "a" : 1.0 ,\n\t"b":[ 9007199254740993 , 1E2,{"c\\u0061":"\\u00e9\\/"} ] , "e":{ } } '.trim()
const document = verbatim(source)

function text(node: JsonNode | undefined): string | undefined {
  return node === undefined ? undefined : textOf(node, 10_000)
}

describe('an edit leaves every other byte as it was:', () => {
  test('a member is replaced', () => {
    expect(text(replaceAt(document, ['a'], verbatim('2')))).toBe(source.replace('1.0', '2'))
  })
  test('an item is replaced', () => {
    expect(text(replaceAt(document, ['b', '0'], verbatim('2')))).toBe(
      source.replace('9007199254740993', '2'),
    )
  })
  test('a member with an escaped key is found by what the key reads', () => {
    expect(text(replaceAt(document, ['b', '2', 'ca'], verbatim('2')))).toBe(
      source.replace('"\\u00e9\\/"', '2'),
    )
  })
  test('the first member is removed with its segment only', () => {
    expect(text(removeAt(document, ['a']))).toBe(source.replace(' "a" : 1.0 ,', ''))
  })
  test('an item in the middle is removed', () => {
    expect(text(removeAt(document, ['b', '1']))).toBe(source.replace(' 1E2,', ''))
  })
  test('the last member is removed', () => {
    expect(text(removeAt(document, ['e']))).toBe(source.replace(', "e":{ } ', ''))
  })
  test('a member is appended', () => {
    expect(text(insertAt(document, ['x"'], verbatim('null')))).toBe(
      source.replace(/\}$/, ',"x\\"":null}'),
    )
  })
  test('an empty object takes a member', () => {
    expect(text(insertAt(document, ['e', 'x'], verbatim('1')))).toBe(
      source.replace('{ }', '{"x":1}'),
    )
  })
  test('an item is inserted', () => {
    expect(text(insertAt(document, ['b', '0'], verbatim('0')))).toBe(source.replace('[ 9', '[0, 9'))
  })
})

describe('a place that is not there gives nothing:', () => {
  test.each([
    [['x']],
    [['a', 'b']],
    [['b', '3']],
    [['b', '01']],
    [['b', '-1']],
    [['b', 'x']],
    [['b', '1e0']],
  ])('%j', (tokens) => {
    expect(valueAt(document, tokens)).toBeUndefined()
    expect(replaceAt(document, tokens, verbatim('1'))).toBeUndefined()
    expect(removeAt(document, tokens)).toBeUndefined()
  })
  test('an item is not inserted past the end', () => {
    expect(insertAt(document, ['b', '4'], verbatim('1'))).toBeUndefined()
    expect(text(insertAt(document, ['b', '3'], verbatim('1')))).toContain('1] ,')
  })
  test('nothing is inserted below a scalar or below nothing', () => {
    expect(insertAt(document, ['a', 'x'], verbatim('1'))).toBeUndefined()
    expect(insertAt(document, ['x', 'x'], verbatim('1'))).toBeUndefined()
    expect(insertAt(document, [], verbatim('1'))).toBeUndefined()
  })
  test('of __proto__ and constructor, where the document has none', () => {
    expect(valueAt(document, ['__proto__'])).toBeUndefined()
    expect(valueAt(document, ['constructor'])).toBeUndefined()
    expect(text(insertAt(verbatim('{}'), ['__proto__'], verbatim('1')))).toBe('{"__proto__":1}')
  })
})

test('a text that would grow past the bound is refused', () => {
  let node: JsonNode = verbatim('{"a":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}')
  for (let copies = 0; copies < 60; copies += 1) node = insertAt(node, ['b'], node) ?? node
  expect(() => textOf(node, 1000)).toThrow(RangeError)
})

test('a text that ends in a string or container without end is no endless loop', () => {
  expect(() => valueAt(verbatim('{"a":"x'), ['a'])).toThrow(SyntaxError)
  expect(() => valueAt(verbatim('{"a":[1'), ['a'])).toThrow(SyntaxError)
})

describe('values are the same', () => {
  test.each([
    ['1.0', '1'],
    ['1e2', '100'],
    ['1E+2', '100.00'],
    ['100e-2', '1'],
    ['0.001', '1e-3'],
    ['-0', '0'],
    ['0e99', '0.00'],
    ['1e400', '10e399'],
    ['123e007', '1230000000'],
    ['12345678901234567890.10', '12345678901234567890.1'],
    ['"\\u0061\\/"', '"a/"'],
    ['{"a":1,"b":[2]}', '{ "b" : [ 2.0 ], "\\u0061": 1 }'],
    ['[]', '[ ]'],
    ['null', 'null'],
    ['{"__proto__":1}', '{"__proto__":1.0}'],
  ])('%s and %s', (left, right) => {
    expect(isSameJson(verbatim(left), verbatim(right))).toBe(true)
    expect(isSameJson(verbatim(right), verbatim(left))).toBe(true)
  })
})

describe('values differ', () => {
  test.each([
    ['9007199254740993', '9007199254740992'],
    ['0.1', '0.1000000000000000055511151231257827'],
    ['1', '-1'],
    ['1', '10'],
    ['1', '1e1'],
    ['1e400', '1e401'],
    ['1e99999999999999999999', '1e99999999999999999998'],
    ['1', '"1"'],
    ['"1"', '1'],
    ['null', 'false'],
    ['true', '1'],
    ['"a"', '"A"'],
    ['[1,2]', '[2,1]'],
    ['[1]', '[1,1]'],
    ['{"a":1}', '{"b":1}'],
    ['{"a":1}', '{"a":1,"b":1}'],
    ['{"a":1}', '{"a":2}'],
    ['{}', '[]'],
    ['[]', '{}'],
    ['null', '{}'],
    ['{}', '{"__proto__":1}'],
  ])('%s and %s', (left, right) => {
    expect(isSameJson(verbatim(left), verbatim(right))).toBe(false)
    expect(isSameJson(verbatim(right), verbatim(left))).toBe(false)
  })
})

test('a number of many zeros is compared in linear time', () => {
  const zeros = '0'.repeat(500_000)
  expect(isSameJson(verbatim(`1${zeros}1`), verbatim(`1${zeros}1.0`))).toBe(true)
  expect(isSameJson(verbatim(`1${zeros}1`), verbatim(`1${zeros}2`))).toBe(false)
})
