import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { canonicalDigest, canonicalize } from '../../src/wire/canonical.js'
import { createRandom, randomJson, spell } from './json-random.js'

function canonical(text: string): string {
  return canonicalize(Buffer.from(text))
}

describe('the canonical form', () => {
  test('has no white space and its members in the order of UTF-16 code units', () => {
    const text =
      '{ "\\u20ac": 1,\r\n"\\r": 2, "1": [ ], "😀": { }, "\\u0080": 5, "\\ufb33": 7, "a\\"": 8, "a!": 9 }'
    expect(canonical(text)).toBe(
      '{"\\r":2,"1":[],"a!":9,"a\\"":8,"\u0080":5,"€":1,"😀":{},"\ufb33":7}',
    )
  })

  test('sorts the members of every object and leaves arrays as they are', () => {
    expect(canonical('[{"b":[3,1,2],"a":{"d":1,"c":2}},{"":0}]')).toBe(
      '[{"a":{"c":2,"d":1},"b":[3,1,2]},{"":0}]',
    )
  })

  test('sorts by the name, not by its literal', () => {
    expect(canonical('{"a!":1,"a":2,"\\u0061b":3}')).toBe('{"a":2,"a!":1,"ab":3}')
    expect(canonical('{"10":1,"9":2,"__proto__":3}')).toBe('{"10":1,"9":2,"__proto__":3}')
  })

  test('escapes in strings only what must be escaped, the short way where there is one', () => {
    expect(
      canonical('"\\u20ac\\/\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\b\\u007f\\u2028"'),
    ).toBe('"€/\\u000f\\nA\'B\\"\\\\\\\\\\"\\b\u007f\u2028"')
  })

  test('writes a surrogate without its partner as an escape in lower case', () => {
    expect(canonical('{"\\uDBFF":"\\uD800x","a":"\\ud83d\\uDE00"}')).toBe(
      '{"a":"😀","\\udbff":"\\ud800x"}',
    )
  })

  test('keeps literals', () => {
    expect(canonical(' [ true , false,null ] ')).toBe('[true,false,null]')
  })

  test('is that of a span where one is given', () => {
    const text = Buffer.from('{"ü": {"b":1.0, "a":"x"} }')
    expect(canonicalize(text, { start: 7, end: text.length - 2 })).toBe('{"a":"x","b":1}')
  })

  test('is there for the deepest text that is accepted, and for wide ones', () => {
    const deep = `${'[{"a":'.repeat(250)}1.0${'}]'.repeat(250)}`
    expect(canonical(deep)).toBe(deep.replace('1.0', '1'))
    const keys = Array.from({ length: 20_000 }, (_, i) => `"${(i * 7919) % 20_011}":0`)
    expect(canonical(`{${keys.join()}}`)).toBe(`{${keys.sort().join()}}`)
  })
})

describe('numbers', () => {
  test.each([
    ['0', '0'],
    ['-0', '0'],
    ['-0.0e5', '0'],
    ['0e999999999999999999999', '0'],
    ['1.0', '1'],
    ['-1.50', '-1.5'],
    ['1E2', '100'],
    ['100e-2', '1'],
    ['0.000001', '0.000001'],
    ['0.0000001', '1e-7'],
    ['123456789012345680000', '123456789012345680000'],
    ['1e20', '100000000000000000000'],
    ['1e21', '1e+21'],
    ['1000000000000000000000', '1e+21'],
    ['333333333.3333333', '333333333.3333333'],
    ['4.50', '4.5'],
    ['2e-3', '0.002'],
    ['5e-324', '5e-324'],
    ['1.7976931348623157e308', '1.7976931348623157e+308'],
    ['9007199254740992', '9007199254740992'],
    ['-9007199254740991', '-9007199254740991'],
  ])('%s, which a double holds, is written as ECMAScript does: %s', (literal, text) => {
    expect(canonical(literal)).toBe(text)
    expect(canonical(`[${literal}]`)).toBe(`[${text}]`)
  })

  test.each([
    ['9007199254740993', '9007199254740993'],
    ['-9007199254740993.0', '-9007199254740993'],
    ['900719925474099.3e1', '9007199254740993'],
    ['123456789012345678901234567890', '1.2345678901234567890123456789e+29'],
    ['123456789012345678901', '123456789012345678901'],
    ['1e400', '1e+400'],
    ['10e399', '1e+400'],
    ['0.001e403', '1e+400'],
    ['-12.50e400', '-1.25e+401'],
    ['1e-400', '1e-400'],
    ['4e-324', '4e-324'],
    ['0.12345678901234567890', '0.1234567890123456789'],
    ['0.000000123456789012345678', '1.23456789012345678e-7'],
    ['0.00000123456789012345678', '0.00000123456789012345678'],
    [
      '0.1000000000000000055511151231257827021181583404541015625001',
      '0.1000000000000000055511151231257827021181583404541015625001',
    ],
    ['1.7976931348623159e308', '1.7976931348623159e+308'],
    ['1e99999999999999999999', '1e+99999999999999999999'],
    ['10e99999999999999999998', '1e+99999999999999999999'],
  ])('%s, which no double holds, keeps its digits: %s', (literal, text) => {
    expect(canonical(literal)).toBe(text)
  })

  test('numbers that differ have forms that differ', () => {
    const literals = [
      '1e400',
      '1e401',
      '-1e400',
      '1e-400',
      '0',
      '9007199254740992',
      '9007199254740993',
    ]
    expect(new Set(literals.map(canonical)).size).toBe(literals.length)
  })

  test('every spelling of an exact number has the same form', () => {
    const random = createRandom(3)
    for (let round = 0; round < 2000; round += 1) {
      const digits = Array.from({ length: 1 + random.below(30) }, () => random.below(10)).join('')
      const exponent = random.below(700) - 350
      const forms = [0, 1, 2, 3].map(() => canonical(respell(digits, exponent)))
      expect([digits, exponent, ...new Set(forms)]).toHaveLength(3)
    }

    function respell(digits: string, exponent: number): string {
      const padded = `0${digits}${'0'.repeat(random.below(4))}`
      const place = 1 + random.below(padded.length - 1)
      const shift = padded.length - 1 - digits.length
      const whole = padded.slice(0, place).replace(/^0+(?=\d)/, '')
      const power = exponent - shift + (padded.length - place)
      return `${whole}.${padded.slice(place)}${random.pick(['e', 'E'])}${power}`
    }
  })

  test('the value of a number never changes', () => {
    const random = createRandom(4)
    for (let round = 0; round < 2000; round += 1) {
      const digits = String(1 + random.below(2 ** 30)) + String(random.below(2 ** random.below(31)))
      const literal = `${digits}.${random.below(1e9)}e${random.below(660) - 340}`
      expect(Number(canonical(literal))).toBe(Number(literal))
    }
  })

  test('a huge exponent is neither expanded nor calculated with', () => {
    const literal = `1e${'9'.repeat(1_000_000)}`
    expect(canonical(literal)).toBe(literal)
    expect(canonical(`${'1'.repeat(300_000)}e5`).length).toBeLessThan(300_020)
    expect(canonical('1e999999999').length).toBeLessThan(20)
  })
})

describe('every spelling of a value', () => {
  test('has the same canonical form, which is JSON of the same value', () => {
    const random = createRandom(5)
    for (let round = 0; round < 1000; round += 1) {
      const value = randomJson(random, 4)
      const form = canonical(spell(value, random))
      expect(canonical(spell(value, random))).toBe(form)
      expect(canonical(form)).toBe(form)
      expect(JSON.parse(form)).toEqual(value)
    }
  })
})

describe('the digest', () => {
  test('is the SHA-256 of the UTF-8 of the canonical form', () => {
    const expected = createHash('sha256').update('{"a":"ü","b":1}', 'utf8').digest('hex')
    expect(canonicalDigest(Buffer.from('{"b":1.0,"a":"\\u00fc"}'))).toBe(expected)
    expect(canonicalDigest(Buffer.from(' {"b":1,"a":"ü"}'), { start: 1, end: 17 })).toBe(expected)
  })

  test('of no arguments is that of an object without members', () => {
    expect(canonicalDigest(undefined)).toBe(canonicalDigest(Buffer.from(' { } ')))
  })
})
