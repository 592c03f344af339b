import { describe, expect, test } from 'vitest'
import { itemsAt, membersAt, spliced } from '../../src/wire/json-parts.js'

const whole = (text: Buffer) => ({ start: 0, end: text.length })
const textsOf = (source: string, prefix = ''): string[] => {
  const text = Buffer.from(prefix + source)
  const span = { start: Buffer.byteLength(prefix), end: text.length }
  return itemsAt(text, span).map(({ start, end }) => text.toString('utf8', start, end))
}

describe('the items of an array', () => {
  test.each<[string, string[]]>([
    ['[]', []],
    ['[ \n ]', []],
    ['[1]', ['1']],
    [
      '[ 1 , "a,]\\"[" ,\t{"b":[1,2]} , [ [] ,{}],null ]',
      ['1', '"a,]\\"["', '{"b":[1,2]}', '[ [] ,{}]', 'null'],
    ],
    ['["é€😀", "\\u005d"]', ['"é€😀"', '"\\u005d"']],
    ['[-1.50e+3 ,true]', ['-1.50e+3', 'true']],
    ['{"a":[1]}', []],
    ['"[1,2]"', []],
  ])('%s', (source, items) => {
    expect(textsOf(source)).toEqual(items)
    expect(textsOf(source, '"€",')).toEqual(items)
  })
})

describe('the members of an object', () => {
  test('stand where they stand in the whole text, by decoded key', () => {
    const text = Buffer.from('{"€":{ "a" : 1.0,"\\u0062":{"c":2} }}')
    const { start } = membersAt(text, whole(text)).get('€')?.value ?? { start: 0 }
    const members = membersAt(text, { start, end: text.length - 1 })
    const told = [...members].map(([key, { value, shape }]) => [
      key,
      shape,
      text.toString('utf8', value.start, value.end),
    ])
    expect(told).toEqual([
      ['a', 'number', '1.0'],
      ['b', 'object', '{"c":2}'],
    ])
  })

  test('are none where another value stands', () => {
    const text = Buffer.from('[{"a":1}]')
    expect(membersAt(text, whole(text)).size).toBe(0)
  })
})

describe('splices', () => {
  test('change what they name and nothing else', () => {
    const text = Buffer.from('abcdef')
    const changed = spliced(text, [
      { span: { start: 0, end: 1 }, text: '' },
      { span: { start: 2, end: 2 }, text: '€' },
      { span: { start: 4, end: 6 }, text: Buffer.from('x') },
    ])
    expect(changed.toString()).toBe('b€cdx')
    expect(spliced(text, [])).toBe(text)
  })
})
