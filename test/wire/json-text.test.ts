import { describe, expect, test } from 'vitest'
import type { Span } from '../../src/domain/json.js'
import type { Members } from '../../src/domain/message.js'
import { decodeString, JsonFault, maxDepth, scanJson } from '../../src/wire/json-text.js'
import { createRandom, randomJson, type RandomJson, spell } from './json-random.js'

const call = Buffer.from(
  ' {"jsonrpc":"2.0","id" : 9007199254740993,"method":"tools/call",\n"params":{"name":"a.b","arguments":{"x":[{}]}}} ',
)

function scanText(text: string, recordDepth?: number): ReturnType<typeof scanJson> {
  return scanJson(Buffer.from(text), recordDepth)
}

function faultOf(text: string | Buffer): JsonFault {
  try {
    scanJson(Buffer.from(text))
  } catch (thrown) {
    if (thrown instanceof JsonFault) return thrown
    throw thrown
  }
  throw new Error(`accepted: ${text.toString().slice(0, 80)}`)
}

function cut(text: Buffer, span: Span | undefined): string {
  return text.toString('utf8', span?.start, span?.end)
}

describe('what is recorded', () => {
  test('members have the spans and shapes of their values', () => {
    const { shape, value, members } = scanJson(call)
    expect(shape).toBe('object')
    expect(cut(call, value)).toBe(call.toString().trim())
    expect([...members.keys()]).toEqual(['jsonrpc', 'id', 'method', 'params'])
    expect(cut(call, members.get('id')?.value)).toBe('9007199254740993')
    expect([...members.values()].map((member) => member.shape)).toEqual([
      'string',
      'number',
      'string',
      'object',
    ])
  })

  test('members are recorded as deep as asked, two objects by default', () => {
    const depthOf = (members: Members): number =>
      Math.max(0, ...[...members.values()].map((member) => 1 + depthOf(member.members)))
    const nested = '{"a":{"b":{"c":{"d":1}}}}'
    expect(depthOf(scanText(nested).members)).toBe(2)
    expect([0, 1, 2, 3, 9].map((depth) => depthOf(scanText(nested, depth).members))).toEqual([
      0, 1, 2, 3, 4,
    ])
  })

  test('objects in arrays are checked and not recorded', () => {
    const { members } = scanText('{"a":[{"b":1}]}')
    expect(members.get('a')?.members.size).toBe(0)
    expect(faultOf('{"a":[{"b":1,"b":1}]}').fault).toBe('duplicate_key')
  })

  test('a value that is no object has a shape and no members', () => {
    const shapes = ['[]', '"a"', '-0.5e3', 'true', 'false', 'null'].map((text) => scanText(text))
    expect(shapes.map(({ shape }) => shape)).toEqual([
      'array',
      'string',
      'number',
      'boolean',
      'boolean',
      'null',
    ])
    expect(shapes.every(({ members }) => members.size === 0)).toBe(true)
  })

  test('keys are recorded decoded', () => {
    const { members } = scanText('{"m\\u0065thod":1,"\\ud83d\\ude00":2,"ü":3}')
    expect([...members.keys()]).toEqual(['method', '😀', 'ü'])
  })

  test('keys that objects inherit are members like any other', () => {
    const { members } = scanText('{"__proto__":{"constructor":1},"toString":2}')
    expect([...members.keys()]).toEqual(['__proto__', 'toString'])
    expect(members.get('__proto__')?.members.has('constructor')).toBe(true)
    expect(Object.prototype).not.toHaveProperty('polluted')
  })

  test('spans count bytes from the start of a text that is part of a larger buffer', () => {
    const part = Buffer.concat([Buffer.from('€€'), call]).subarray(6)
    expect(cut(part, scanJson(part).members.get('method')?.value)).toBe('"tools/call"')
  })
})

describe('duplicate keys', () => {
  test.each([
    ['at the top', '{"a":1,"a":1}'],
    ['deep below what is recorded', '[[{"x":{"y":{"a":1,"b":{},"a":1}}}]]'],
    ['spelled with an escape', '{"a":1,"\\u0061":2}'],
    ['spelled with an escape first', '{"\\u0061":1,"b":2,"a":3}'],
    ['spelled with two different escapes', '{"\\/":1,"\\u002F":2}'],
    ['outside the basic plane', '{"😀":1,"\\uD83D\\uDE00":2}'],
    ['that are empty', '{"":1,"":2}'],
    ['that are surrogates without a partner', '{"\\ud800":1,"\\uD800":2}'],
    ['behind an object with the same keys', '{"a":{"a":{"a":1}},"a":1}'],
  ])('%s are refused', (_, text) => {
    expect(faultOf(text).fault).toBe('duplicate_key')
  })

  test.each([1, 2, 15, 16, 17, 18, 40])('are found at every place among %i others', (count) => {
    const keys = Array.from({ length: count }, (_, i) => `"key${i}":{"key${i}":0}`)
    expect(scanText(`{${keys.join()}}`).members.size).toBe(count)
    for (const key of keys) {
      expect(faultOf(`{${[...keys, key].join()}}`).fault).toBe('duplicate_key')
      expect(faultOf(`{${[...keys, key.replace('k', '\\u006b')].join()}}`).fault).toBe(
        'duplicate_key',
      )
    }
  })

  test('the same key in different objects is fine', () => {
    expect(scanText('[{"a":{"a":1},"b":{"a":2}},{"a":3}]').shape).toBe('array')
  })

  test('keys that only look alike are different keys', () => {
    expect(
      scanText('{"a":1,"A":2,"a ":3,"\\u00e4":4,"a\\u0308":5,"\\\\u0061":6}').members.size,
    ).toBe(6)
  })

  test('keys that share a hash are different keys', () => {
    const keys = ['bteqfei', 'vbpuyln', 'qlmpkdq', 'erndykk'].map((key) => `"${key}":1`)
    expect(scanText(`{${keys.join()}}`).members.size).toBe(4)
    expect(faultOf(`{${[...keys, keys[1]].join()}}`).fault).toBe('duplicate_key')
  })

  test('an object of 100,000 keys is read, and its last duplicate found', () => {
    const keys = Array.from({ length: 100_000 }, (_, i) => `"${i * 65_536}":0`).join()
    expect(scanText(`{"deep":[{${keys}}]}`).shape).toBe('object')
    expect(faultOf(`[{${keys},"65536":1}]`).fault).toBe('duplicate_key')
  })

  test('the message names the key and its place, printable and cut', () => {
    expect(faultOf('{"method":1,"method":2}').message).toBe(
      'The key "method" stands twice in one object at byte 12',
    )
    const nasty = '\\u001b[31m\\u202e' + 'x'.repeat(5000)
    const { message, offset } = faultOf(`{"${nasty}":1,"${nasty}":2}`)
    expect(offset).toBe(nasty.length + 6)
    expect(message).toMatch(/^The key "\\u001b\[31m\\u202e[x]{58}…" stands twice/)
  })
})

describe('what is no JSON', () => {
  test.each([
    ['nothing', ''],
    ['only white space', ' \n'],
    ['two values', '{} {}'],
    ['a text after the value', 'nullx'],
    ['a NUL after the value', '{}\u0000'],
    ['another white space', '\u00a0{}'],
    ['a form feed', '\f{}'],
    ['a comma before the end', '[1,]'],
    ['a comma before the end of an object', '{"a":1,}'],
    ['a missing comma', '[1 2]'],
    ['a missing colon', '{"a" 1}'],
    ['a missing value', '{"a":}'],
    ['a key without quotes', '{a:1}'],
    ['a number for a key', '{1:1}'],
    ['single quotes', "['a']"],
    ['a comment', '[1/*x*/]'],
    ['brackets that do not match', '[1}'],
    ['an open string', '"abc'],
    ['an open escape', '"\\'],
    ['an unknown escape', '"\\x41"'],
    ['a short escape', '"\\u12"'],
    ['an escape without hex digits', '"\\u00g0"'],
    ['a line feed in a string', '"a\nb"'],
    ['a tab in a key', '{"a\tb":1}'],
    ['a NUL in a string', '"\u0000"'],
    ['a leading zero', '01'],
    ['a leading zero behind a minus', '-01'],
    ['a leading plus', '+1'],
    ['a leading point', '.5'],
    ['a trailing point', '1.'],
    ['an empty exponent', '1e'],
    ['an empty signed exponent', '1e+'],
    ['a lone minus', '-'],
    ['a hex number', '0x10'],
    ['NaN', 'NaN'],
    ['Infinity', '-Infinity'],
    ['a literal in capitals', 'True'],
    ['half a literal', 'nul'],
    ['a longer literal', 'truee'],
  ])('%s is refused', (_, text) => {
    expect(faultOf(text).fault).toBe('syntax')
    expect(() => JSON.parse(text) as unknown).toThrow()
  })

  test('the message says what stood where', () => {
    expect(faultOf('{"a":nope}').message).toBe("Not JSON: unexpected 'o' at byte 6")
    expect(faultOf('[1,\u0001]').message).toBe('Not JSON: unexpected byte 0x01 at byte 3')
    expect(faultOf('{"a":').message).toBe('The JSON text ends too early at byte 5')
  })

  test('every text that is cut off is refused', () => {
    const text = call.toString().trim()
    for (let length = 0; length < text.length; length += 1) {
      expect(faultOf(text.slice(0, length)).fault).toBe('syntax')
    }
  })
})

describe('encodings', () => {
  test('a byte order mark is refused', () => {
    expect(faultOf('\ufeff{}')).toMatchObject({ fault: 'bom', offset: 0 })
    expect(scanText('"\ufeff"').shape).toBe('string')
  })

  test.each([
    ['a lone continuation byte', [0x22, 0x80, 0x22], 1],
    ['an overlong slash', [0x22, 0xc0, 0xaf, 0x22], 1],
    ['an encoded surrogate', [0x22, 0xed, 0xa0, 0x80, 0x22], 1],
    ['a code point past the last', [0x22, 0xf4, 0x90, 0x80, 0x80, 0x22], 1],
    ['UTF-16', [0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00], 0],
    ['Latin-1', [...Buffer.from('{"a":"\u00fc"}', 'latin1')], 6],
  ])('%s is refused', (_, bytes, offset) => {
    expect(faultOf(Buffer.from(bytes))).toMatchObject({ fault: 'encoding', offset })
  })

  test('a character that is cut off at the end is refused', () => {
    expect(faultOf(Buffer.from('"€').subarray(0, 3)).fault).toBe('encoding')
  })
})

describe('surrogates', () => {
  test.each([
    '"\\ud800"',
    '"\\udc00"',
    '{"\\uDBFF":1}',
    '"\\ud800\\ud800"',
    '"\\udc00\\ud800"',
    '"\\ud800\\n"',
  ])('%s is accepted and not well-formed', (text) => {
    expect(scanText(text).wellFormed).toBe(false)
    expect((JSON.parse(`[${text}]`) as unknown[]).length).toBe(1)
  })

  test.each(['"\\ud800\\udc00"', '"\\uDBFF\\uDFFF"', '"\\ud7ff\\ue000"', '"\\\\ud800"', '"😀"'])(
    '%s is well-formed',
    (text) => {
      expect(scanText(text).wellFormed).toBe(true)
    },
  )

  test('half an escape behind a surrogate is refused', () => {
    expect(faultOf('"\\ud800\\udc0"').fault).toBe('syntax')
    expect(faultOf('"\\ud800\\u"').fault).toBe('syntax')
  })
})

describe('depth', () => {
  const nest = (open: string, close: string, levels: number): string =>
    open.repeat(levels) + (open === '[' ? '' : 'null') + close.repeat(levels)

  test.each([
    ['arrays', '[', ']'],
    ['objects', '{"a":', '}'],
  ])('%s may be nested 500 deep and not one more', (_, open, close) => {
    expect(maxDepth).toBe(500)
    expect(scanText(nest(open, close, maxDepth)).wellFormed).toBe(true)
    expect(faultOf(nest(open, close, maxDepth + 1)).fault).toBe('depth')
  })

  test('a text of 200,000 levels is refused, open or closed', () => {
    expect(faultOf(nest('[', ']', 200_000))).toMatchObject({ fault: 'depth', offset: maxDepth })
    expect(faultOf('{"a":'.repeat(200_000)).fault).toBe('depth')
    expect(faultOf('[{"a":'.repeat(200_000)).fault).toBe('depth')
  })

  test('siblings do not add up', () => {
    expect(scanText(`[${'[],{"a":{}},'.repeat(2000)}[]]`).shape).toBe('array')
  })

  test('keys of one object stay apart from those of the objects in it, at the greatest depth too', () => {
    const deep = '[{"a":'.repeat(maxDepth / 2 - 1)
    const close = '}]'.repeat(maxDepth / 2 - 1)
    expect(scanText(`${deep}[{"a":1,"b":2}]${close}`).shape).toBe('array')
    expect(faultOf(`${deep}[{"a":1,"a":2}]${close}`).fault).toBe('duplicate_key')
  })
})

describe('strings', () => {
  test.each(['""', '"a"', '"ü€😀"', '"\\u0061\\n\\"\\\\"', '"\\ud83d\\ude00"', '"\\ud800"'])(
    '%s is decoded as JSON.parse reads it',
    (literal) => {
      const text = Buffer.from(`[${literal},1]`)
      const end = text.length - 3
      expect(decodeString(text, { start: 1, end })).toBe(JSON.parse(literal))
    },
  )
})

describe('against JSON.parse', () => {
  test('random values, however they are spelled, are accepted with the right spans', () => {
    const random = createRandom(1)
    for (let round = 0; round < 1500; round += 1) {
      const value = randomJson(random, 4)
      const text = Buffer.from(spell(value, random))
      const { value: span, members } = scanJson(text, 9)
      expect(JSON.parse(cut(text, span))).toEqual(JSON.parse(text.toString()))
      expectMembers(text, members, JSON.parse(text.toString()) as RandomJson)
    }
  })

  test('texts with random changes are accepted exactly where JSON.parse accepts them', () => {
    const random = createRandom(2)
    const pieces = [
      '',
      '{',
      '}',
      '[',
      ']',
      ':',
      ',',
      '"',
      '\\',
      '\\u00',
      'u',
      'e',
      '0',
      '-',
      '1.',
      '+',
      '\n',
      ' ',
      'x',
      'true',
      '""',
      '1e5',
    ] as const
    let accepted = 0
    for (let round = 0; round < 6000; round += 1) {
      const text = mutate(spell(randomJson(random, 3), random))
      const refused = outcomeOf(() => scanText(text))
      if (refused === 'duplicate_key') continue
      expect([text, refused]).toEqual([text, outcomeOf(() => JSON.parse(text) as unknown)])
      if (refused === 'accepted') accepted += 1
    }
    expect(accepted).toBeGreaterThan(500)

    function mutate(text: string): string {
      const at = random.below(text.length + 1)
      const width = random.below(2)
      const piece = random.pick(pieces)
      return text.slice(0, at) + piece + text.slice(at + width)
    }
  })
})

function outcomeOf(read: () => unknown): string {
  try {
    read()
    return 'accepted'
  } catch (thrown) {
    if (thrown instanceof JsonFault) return thrown.fault
    return 'syntax'
  }
}

function expectMembers(text: Buffer, members: Members, value: RandomJson): void {
  const entries = value !== null && typeof value === 'object' && !Array.isArray(value) ? value : {}
  expect([...members.keys()].sort()).toEqual(Object.keys(entries).sort())
  for (const [key, member] of members) {
    expect(JSON.parse(cut(text, member.value))).toEqual(entries[key])
    expectMembers(text, member.members, entries[key] ?? null)
  }
}
