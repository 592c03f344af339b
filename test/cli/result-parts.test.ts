import { describe, expect, test } from 'vitest'
import { findPart, isPartOf, likestPart, partsOf } from '../../src/cli/result-parts.js'
import type { JsonValue } from '../../src/domain/json.js'

const result = {
  structuredContent: { employees: [{ name: 'Ann', salary: 75000, tags: ['a', 'b'] }] },
  content: [{ type: 'text', text: '{"ssn":"123-45","inner":"{\\"pin\\":7}"}' }],
}
const parts = partsOf(JSON.stringify(result))
const placeOf = (sought: JsonValue): string | undefined => findPart(parts, sought)?.path

describe('a text is found', () => {
  test.each<[string, string, string]>([
    ['in a string', 'Ann', 'structuredContent.employees.0.name'],
    ['in the name of a member', 'salary', 'structuredContent.employees.0.salary'],
    ['in a number, as it is spelled', '7500', 'structuredContent.employees.0.salary'],
    ['in JSON in text', '123-45', 'content.0.text'],
    ['in JSON in JSON in text', 'pin', 'content.0.text'],
  ])('%s', (_, sought, path) => {
    expect(placeOf(sought)).toBe(path)
  })

  test('nowhere else', () => {
    expect(placeOf('Bob')).toBeUndefined()
    // Indexes are no names.
    expect(findPart(partsOf('[["x"]]'), '0')).toBeUndefined()
  })

  test('no deeper than four documents in one another', () => {
    const nested = (levels: number): string =>
      Array.from({ length: levels }).reduce<string>(
        (text) => JSON.stringify([text]),
        '{"a":"deep"}',
      )
    expect(findPart(partsOf(nested(4)), { a: 'deep' })).toBeDefined()
    expect(findPart(partsOf(nested(5)), { a: 'deep' })).toBeUndefined()
  })
})

describe('a value is found', () => {
  test.each<[string, JsonValue, string | undefined]>([
    ['at any depth', { salary: 75000 }, 'structuredContent.employees.0'],
    ['in JSON in text', { ssn: '123-45' }, 'content.0.text'],
    ['in JSON in JSON in text', { pin: 7 }, 'content.0.text.inner'],
    ['as a part of a list', { tags: ['b'] }, 'structuredContent.employees.0'],
    ['nested', { employees: [{ name: 'Ann' }] }, 'structuredContent'],
    ['where all of it is', { salary: 75000, name: 'Bob' }, undefined],
    ['as what it is, not as it is spelled', { salary: '75000' }, undefined],
    ['whole: a text in a value has to be all of it', { name: 'An' }, undefined],
  ])('%s', (_, sought, path) => {
    expect(placeOf(sought)).toBe(path)
  })
})

test('names of the prototype are no members', () => {
  expect(isPartOf({ constructor: {} }, {})).toBe(false)
  expect(isPartOf(JSON.parse('{"__proto__":{}}') as JsonValue, {})).toBe(false)
})

test('the likest part is cut to what is sought', () => {
  const likest = likestPart(parts, { name: 'Ann', salary: 1, other: true })
  expect(likest).toMatchObject({
    path: 'structuredContent.employees.0',
    value: { name: 'Ann', salary: 75000 },
  })
  expect(likestPart(parts, { other: true })).toBeUndefined()
})
