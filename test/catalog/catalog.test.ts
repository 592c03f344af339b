import { describe, expect, test } from 'vitest'
import { createCatalog } from '../../src/catalog/catalog.js'
import { mirroredArguments, readTool } from '../../src/catalog/tool.js'
import type { JsonValue } from '../../src/domain/json.js'

const item = (tool: unknown): Buffer => Buffer.from(JSON.stringify(tool))

describe('a tool', () => {
  test('is known by what its server says, annotations byte for byte', () => {
    const text = '{"annotations" : {"a":1.0, "n":12345678901234567890} ,"name":"\\u0061"}'
    expect(readTool(Buffer.from(text))).toMatchObject({
      name: 'a',
      annotations: '{"a":1.0, "n":12345678901234567890}',
      mirrored: [],
      hasOutputSchema: false,
    })
    expect(readTool(item({ name: 'b', outputSchema: {} }))).toMatchObject({
      annotations: undefined,
      hasOutputSchema: true,
    })
  })

  test.each([
    ['no object', '["a"]'],
    ['something that policy cannot be shown', String.raw`{"title":"\ud800"}`],
    ['very long', `{"title":"${'x'.repeat(20_000)}"}`],
  ])('has no annotations where they are %s', (_what, annotations) => {
    const text = `{"name":"a","annotations":${annotations}}`
    expect(readTool(Buffer.from(text))).toMatchObject({ annotations: undefined })
  })

  test('without a name is none', () => {
    expect(readTool(item({ name: 5 }))).toBeUndefined()
    expect(readTool(item(['name']))).toBeUndefined()
  })
})

describe('the arguments that are mirrored in headers', () => {
  const of = (properties: JsonValue): unknown => mirroredArguments({ properties })

  test('are texts, integers and booleans, however deep in properties', () => {
    const zone = { type: 'integer', 'x-mcp-header': 'Zone' }
    expect(
      of({
        region: { type: 'string', 'x-mcp-header': 'Region' },
        place: { type: 'object', properties: { zone } },
        dry: { type: 'boolean', 'x-mcp-header': 'Dry-Run' },
      }),
    ).toEqual([
      { header: 'Region', path: ['region'] },
      { header: 'Zone', path: ['place', 'zone'] },
      { header: 'Dry-Run', path: ['dry'] },
    ])
  })

  test.each<[string, JsonValue]>([
    ['of another type', { a: { type: 'number', 'x-mcp-header': 'A' } }],
    ['of no type', { a: { 'x-mcp-header': 'A' } }],
    ['that are reached otherwise', { a: { items: { type: 'string', 'x-mcp-header': 'A' } } }],
    ['with a name that is no header', { a: { type: 'string', 'x-mcp-header': 'A: b\r\nC' } }],
    ['with no name', { a: { type: 'string', 'x-mcp-header': '' } }],
    [
      'two under one name',
      {
        a: { type: 'string', 'x-mcp-header': 'Key' },
        b: { type: 'string', 'x-mcp-header': 'KEY' },
      },
    ],
  ])('are not those %s', (_what, properties) => {
    expect(of(properties)).toEqual([])
  })

  test('cannot be without number or end', () => {
    const many = Object.fromEntries(
      Array.from({ length: 100 }, (_, i) => [`a${i}`, { type: 'string', 'x-mcp-header': `A${i}` }]),
    )
    expect(of(many)).toEqual([])
    let deep: JsonValue = { type: 'string', 'x-mcp-header': 'Deep' }
    for (let level = 0; level < 100; level += 1) deep = { properties: { a: deep } }
    expect(mirroredArguments(deep)).toEqual([])
  })
})

describe('the catalog', () => {
  const limits = { servers: 2, tools: 3, bytes: 10_000 }
  const named = (...names: string[]): Buffer[] => names.map((name) => item({ name }))

  test('knows the tools of each server apart, as they were listed last', () => {
    const catalog = createCatalog(limits)
    catalog.learn('one', [item({ name: 'a', annotations: { n: 1 } })])
    catalog.learn('two', [item({ name: 'a' })])
    catalog.learn('one', [item({ name: 'a', annotations: { n: 2 } })])
    expect(catalog.tool('one', 'a')?.annotations).toBe('{"n":2}')
    expect(catalog.tool('two', 'a')).toMatchObject({ annotations: undefined })
    expect(catalog.tool('two', 'b')).toBeUndefined()
    expect(catalog.tool('__proto__', 'toString')).toBeUndefined()
  })

  test('forgets the tools that were listed longest ago', () => {
    const catalog = createCatalog(limits)
    catalog.learn('one', named('a', 'b', 'c'))
    catalog.learn('one', named('a', 'd'))
    const known = ['a', 'b', 'c', 'd'].filter((name) => catalog.tool('one', name) !== undefined)
    expect(known).toEqual(['a', 'c', 'd'])
  })

  test('keeps no more of a server than it may, in bytes', () => {
    const catalog = createCatalog(limits)
    const long = (name: string): Buffer => item({ name, annotations: { t: 'x'.repeat(3000) } })
    catalog.learn('one', [long('a'), long('b')])
    expect(catalog.tool('one', 'a')).toBeUndefined()
    expect(catalog.tool('one', 'b')).toBeDefined()
  })

  test('forgets the server of which nothing was listed for longest', () => {
    const catalog = createCatalog(limits)
    for (const server of ['one', 'two', 'one', 'three']) catalog.learn(server, named('a'))
    expect(catalog.tool('one', 'a')).toBeDefined()
    expect(catalog.tool('two', 'a')).toBeUndefined()
  })

  test('has a server asked once a minute for each principal', () => {
    const catalog = createCatalog(limits)
    const mayAsk = (server: string, principal: string, time: number): boolean =>
      catalog.mayAsk(server, principal, time)
    expect([
      mayAsk('one', 'alice', 0),
      mayAsk('one', 'alice', 59_999),
      mayAsk('one', 'bob', 1),
      mayAsk('two', 'alice', 1),
      mayAsk('one', 'alice', 60_000),
    ]).toEqual([true, false, true, true, true])
  })
})

test('what an output schema marks as sensitive is known, unless the schema cannot be followed', () => {
  const catalog = createCatalog()
  const list = (name: string, outputSchema?: unknown) =>
    catalog.learn('s', [Buffer.from(JSON.stringify({ name, outputSchema }))])
  const sensitiveOf = (name: string) =>
    catalog.tool('s', name)?.sensitive?.map(({ source }) => source)
  list('marked', { properties: { salary: { sensitive: true } } })
  list('unmarked', { properties: { salary: {} } })
  list('elsewhere', { $ref: 'https://example.org/schema' })
  list('none')
  list('wrong', [])
  expect(sensitiveOf('marked')).toEqual(['structuredContent.salary'])
  expect(sensitiveOf('unmarked')).toEqual([])
  expect(['elsewhere', 'none', 'wrong', 'other'].map(sensitiveOf)).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
  ])
})

test('what is sensitive counts in what may be kept', () => {
  const catalog = createCatalog({ servers: 1, tools: 100, bytes: 50_000 })
  const properties = Object.fromEntries(
    Array.from({ length: 100 }, (_, index) => [`p${index}`, { sensitive: true }]),
  )
  for (const name of ['a', 'b', 'c']) {
    catalog.learn('s', [Buffer.from(JSON.stringify({ name, outputSchema: { properties } }))])
  }
  expect(catalog.tool('s', 'a')).toBeUndefined()
  expect(catalog.tool('s', 'c')?.sensitive).toHaveLength(100)
})
