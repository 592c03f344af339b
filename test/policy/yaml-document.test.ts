import { describe, expect, test } from 'vitest'
import { readYaml } from '../../src/policy/yaml-document.js'

/** Where the `^` of the text at `text` stands: line and column. */
function placeOfMark(yaml: string): string {
  const document = readYaml(yaml)
  if (document.type === 'faults') throw new Error('no YAML')
  const { text } = document.value as { text: string }
  const { line, column } = document.placeInText(['text'], text.indexOf('^'))
  return `${line}:${column}`
}

describe('a character of a text is found where it stands in the file', () => {
  test.each([
    ['plain', 'text: a b ^', '1:11'],
    ['plain over several lines', 'text: a\n  b\n\n  c ^', '4:5'],
    ['in single quotes', "text: 'it''s ^'", '1:14'],
    ['in double quotes', 'text: "a\\tb\\"c\\x41\\u00e9\\U0001F600 ^"', '1:36'],
    ['in double quotes over several lines', 'text: "a \\\n  b\n\n  ^"', '4:3'],
    ['in a block', 'text: |\n  a\n    b ^\n', '3:7'],
    ['in a block with a comment', 'text: |+2 # why\n    a ^\n', '2:7'],
    ['in a folded block', 'text: >-\n  a\n  b\n\n  c ^\n', '5:5'],
    ['behind characters of two units', 'text: "😀 ^"', '1:11'],
  ])('%s', (_style, yaml, place) => {
    expect(placeOfMark(yaml)).toBe(place)
  })

  test('and its end where it ends', () => {
    const document = readYaml('text: a ==')
    expect(document.type === 'value' && document.placeInText(['text'], 4)).toEqual({
      line: 1,
      column: 10,
    })
  })

  test('and that of an alias at the alias', () => {
    const document = readYaml('a: &x "b c"\nd: *x')
    expect(document.type === 'value' && document.placeInText(['d'], 2)).toEqual({
      line: 2,
      column: 4,
    })
  })
})
