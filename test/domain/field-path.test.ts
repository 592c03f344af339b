import { describe, expect, test } from 'vitest'
import { FieldPathFault, parseFieldPath } from '../../src/domain/field-path.js'

const key = (name: string) => ({ type: 'key', name }) as const
const index = (place: number) => ({ type: 'index', index: place }) as const
const any = { type: 'any' } as const
const deep = { type: 'deep' } as const

describe('a field path is read as', () => {
  test.each([
    ['salary', undefined, [key('salary')]],
    ['employee.salary', undefined, [key('employee'), key('salary')]],
    ['_meta.$ref', undefined, [key('_meta'), key('$ref')]],
    ['größe.bank-account', undefined, [key('größe'), key('bank-account')]],
    ['response.structuredContent.salary', 'response', [key('structuredContent'), key('salary')]],
    ['args.to', 'args', [key('to')]],
    ['args["to"]', 'args', [key('to')]],
    ['response.content[*].text', 'response', [key('content'), any, key('text')]],
    ['response.content.*.text', 'response', [key('content'), any, key('text')]],
    ['response.content[0].text', 'response', [key('content'), index(0), key('text')]],
    ['response.**', 'response', [deep]],
    ['**', undefined, [deep]],
    ['**.salary', undefined, [deep, key('salary')]],
    ['[2].x', undefined, [index(2), key('x')]],
    ['rows[0][1]', undefined, [key('rows'), index(0), index(1)]],
    ['"a.b"', undefined, [key('a.b')]],
    ['x["a.b"]."c d"', undefined, [key('x'), key('a.b'), key('c d')]],
    ['"quote \\" and ]"', undefined, [key('quote " and ]')]],
    ['"sal\\u0061ry"', undefined, [key('salary')]],
    ['args', undefined, [key('args')]],
    ['response', undefined, [key('response')]],
    ['"response".x', undefined, [key('response'), key('x')]],
    ['arguments.x', undefined, [key('arguments'), key('x')]],
    ['items.0', undefined, [key('items'), key('0')]],
  ])('%s', (source, root, steps) => {
    expect(parseFieldPath(source)).toEqual({ source, root, steps })
  })
})

describe('what is no field path is refused:', () => {
  test.each([
    [''],
    ['.'],
    ['.a'],
    ['a.'],
    ['a..b'],
    ['response.'],
    ['args.'],
    ['a['],
    ['a]'],
    ['a[]'],
    ['a[0'],
    ['a[-1]'],
    ['a[01]'],
    ['a[1:2]'],
    ['a[0,1]'],
    ['a[?(@.x)]'],
    ['a[**]'],
    ['a[b]'],
    ["a['b']"],
    ['a[0]b'],
    ['a"b"'],
    ['"a"b'],
    ['"a'],
    ['"a\\x"'],
    ['"a\nb"'],
    ['a b'],
    [' a'],
    ['a '],
    ['sal*'],
    ['***'],
    ['*a'],
    ['$'],
    ['$.salary'],
    ['@.salary'],
    ['/args/x'],
    ['a,b'],
    ['a|b'],
    ['a\\.b'],
    ['__proto__'],
    ['a.constructor'],
    ['a["prototype"]'],
    ['"__proto__"'],
    ['response.__proto__.x'],
  ])('%j', (source) => {
    expect(() => parseFieldPath(source)).toThrow(FieldPathFault)
  })

  test('the message names the path, the place and what to do', () => {
    expect(() => parseFieldPath('a..b')).toThrow('Field path "a..b", character 2: a step is empty')
    expect(() => parseFieldPath('a b')).toThrow('quote any other')
    expect(() => parseFieldPath('a[b]')).toThrow('[0], [*], ["a.b"]')
    expect(() => parseFieldPath('x.__proto__')).toThrow('not allowed')
  })
})
