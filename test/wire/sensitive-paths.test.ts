import { describe, expect, test } from 'vitest'
import type { JsonValue } from '../../src/domain/json.js'
import { SensitiveFault, sensitivePaths } from '../../src/wire/sensitive-paths.js'

function sourcesOf(schema: JsonValue): readonly string[] {
  return sensitivePaths(schema)
    .map(({ source }) => source.replace(/^structuredContent\.?/, ''))
    .sort()
}

const sensitive = { type: 'string', sensitive: true } as const

describe('what a schema marks is found', () => {
  test.each<[string, JsonValue, string[]]>([
    ['in properties', { properties: { a: sensitive, b: {} } }, ['a']],
    ['as the whole value', { sensitive: true, properties: { a: sensitive } }, ['']],
    ['in nested objects', { properties: { a: { properties: { 'b.c': sensitive } } } }, ['a."b.c"']],
    [
      'in items',
      { properties: { l: { items: sensitive }, m: { items: { properties: { a: sensitive } } } } },
      ['l.*', 'm.a'],
    ],
    ['in tuples', { properties: { l: { prefixItems: [{}, sensitive] } } }, ['l[1]']],
    ['in tuples of draft 7', { items: [sensitive], additionalItems: sensitive }, ['*', '[0]']],
    [
      'in JSON inside a string',
      { properties: { s: { type: 'string', contentSchema: { properties: { a: sensitive } } } } },
      ['s.a'],
    ],
    [
      'in members of any name',
      { additionalProperties: sensitive, patternProperties: { '^x': { items: sensitive } } },
      ['*', '*.*'],
    ],
    [
      'in every branch',
      {
        allOf: [{ properties: { a: sensitive } }],
        anyOf: [{ properties: { b: sensitive } }],
        oneOf: [{ properties: { c: sensitive } }],
        if: { properties: { d: sensitive } },
        then: { properties: { e: sensitive } },
        else: { properties: { f: sensitive } },
        dependentSchemas: { x: { properties: { g: sensitive } } },
      },
      ['a', 'b', 'c', 'd', 'e', 'f', 'g'],
    ],
    [
      'behind references',
      {
        $defs: { 'a/b c': { properties: { x: sensitive } }, n: { $anchor: 'N', ...sensitive } },
        definitions: { i: { $id: 'urn:i', ...sensitive } },
        properties: {
          one: { $ref: '#/$defs/a~1b%20c' },
          two: { items: { $ref: '#N' } },
          three: { $ref: 'urn:i' },
        },
      },
      ['one.x', 'three', 'two.*'],
    ],
    [
      'at any depth of what describes itself',
      {
        $ref: '#/$defs/node',
        $defs: {
          node: { properties: { secret: sensitive, next: { items: { $ref: '#/$defs/node' } } } },
        },
      },
      ['**.secret'],
    ],
    [
      'where two describe each other',
      {
        $defs: {
          a: { properties: { b: { $ref: '#/$defs/b' }, x: sensitive } },
          b: { properties: { a: { $ref: '#/$defs/a' }, y: sensitive } },
        },
        properties: { top: { $ref: '#/$defs/a' } },
      },
      ['top.**.b.y', 'top.**.x'],
    ],
    ['nowhere', { properties: { sensitive: { type: 'boolean' }, a: { sensitive: false } } }, []],
    ['nowhere in examples', { examples: [{ sensitive: true }], const: { sensitive: true } }, []],
    ['nowhere in true', true, []],
    [
      'under names that objects have',
      JSON.parse('{"properties":{"__proto__":{"sensitive":true}}}'),
      ['__proto__'],
    ],
  ])('%s', (_where, schema, expected) => {
    expect(sourcesOf(schema)).toEqual(expected)
  })
})

test('paths begin at structuredContent', () => {
  expect(sensitivePaths({ items: { properties: { a: sensitive } } })).toEqual([
    {
      source: 'structuredContent.a',
      root: 'response',
      steps: [
        { type: 'key', name: 'structuredContent' },
        { type: 'key', name: 'a' },
      ],
    },
  ])
})

describe('a schema that cannot be followed is refused', () => {
  test.each(['https://example.org/person.json', '#missing', '#/$defs/none', '#/%zz', ''])(
    'where it refers to %j',
    (reference) => {
      const schema = { $id: 'x', properties: { a: { $ref: reference } } }
      expect(() => sensitivePaths(schema)).toThrow(SensitiveFault)
    },
  )
  test.each<[string, JsonValue]>([
    [
      'an anchor that two schemas have',
      { $ref: '#N', $defs: { a: { $anchor: 'N' }, b: { $dynamicAnchor: 'N', ...sensitive } } },
    ],
    [
      'a place that a document inside it has too',
      {
        $defs: { n: {} },
        properties: { a: { $id: 'urn:a', $ref: '#/$defs/n', $defs: { n: sensitive } } },
      },
    ],
    ['the whole, and a document inside it', { properties: { a: { $id: 'urn:a', $ref: '#' } } }],
  ])('where it refers to %s', (_what, schema) => {
    expect(() => sensitivePaths(schema)).toThrow(SensitiveFault)
  })
  test('where it names too many places', () => {
    const properties = Object.fromEntries(
      Array.from({ length: 1_001 }, (_, index) => [`p${index}`, sensitive]),
    )
    expect(() => sensitivePaths({ properties })).toThrow('too large')
  })
  test('where references multiply', () => {
    const twice = (index: number) => ({
      properties: { a: { $ref: `#/$defs/d${index + 1}` }, b: { $ref: `#/$defs/d${index + 1}` } },
    })
    const $defs = Object.fromEntries(
      Array.from({ length: 60 }, (_, index) => [`d${index}`, twice(index)]),
    )
    const schema = { $defs: { ...$defs, d60: {} }, $ref: '#/$defs/d0' }
    expect(() => sensitivePaths(schema)).toThrow('too large')
  })
  test('where it is nested too deep', () => {
    let schema: JsonValue = sensitive
    for (let depth = 0; depth < 5_000; depth += 1) schema = { items: schema }
    expect(() => sensitivePaths(schema)).toThrow('too large')
  })
})
