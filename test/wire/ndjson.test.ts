import { describe, expect, test } from 'vitest'
import { createLineSplitter, onOneLine } from '../../src/wire/ndjson.js'

function split(chunks: readonly string[]): string[] {
  const splitter = createLineSplitter()
  return chunks.flatMap((chunk) => splitter.push(Buffer.from(chunk))).map(String)
}

describe('a line splitter', () => {
  test('gives lines without their ends, however they come in chunks', () => {
    expect(split(['one\ntwo\n'])).toEqual(['one', 'two'])
    expect(split(['o', 'ne', '\nt', 'wo', '\n'])).toEqual(['one', 'two'])
    expect(split(Array.from('one\ntwo\n'))).toEqual(['one', 'two'])
  })

  test('takes CR LF for a line end too, also when it is cut in two', () => {
    expect(split(['one\r\ntwo\r', '\n'])).toEqual(['one', 'two'])
  })

  test('leaves a CR inside a line where it is', () => {
    expect(split(['{"a":\r1}\n'])).toEqual(['{"a":\r1}'])
  })

  test('leaves out empty lines', () => {
    expect(split(['\n\none\n\r\n', '\n', 'two\n'])).toEqual(['one', 'two'])
  })

  test('keeps characters whole that a chunk cuts in two', () => {
    const splitter = createLineSplitter()
    const line = Buffer.from('ünï€😀\n')
    const lines = [...line].flatMap((byte) => splitter.push(Buffer.from([byte])))
    expect(lines.map(String)).toEqual(['ünï€😀'])
  })

  test('says how much waits, and gives it when the stream has ended', () => {
    const splitter = createLineSplitter()
    splitter.push(Buffer.from('one\ntw'))
    expect(splitter.pendingBytes).toBe(2)
    expect(String(splitter.flush())).toBe('tw')
    expect(splitter.flush()).toBeUndefined()
  })

  // A splitter that copies what it holds with every chunk would copy many gigabytes here.
  test('does not copy what it holds again with every chunk', () => {
    const splitter = createLineSplitter()
    const chunk = Buffer.alloc(64, 'x')
    for (let i = 0; i < 150_000; i += 1) splitter.push(chunk)
    expect(splitter.push(Buffer.from('\n'))[0]?.length).toBe(9_600_000)
  })
})

test('a text with line ends is put on one line, and every other byte stays', () => {
  const text = Buffer.from('{\r\n  "a": "\\n",\n  "b": 1.0\n}')
  expect(String(onOneLine(text))).toBe('{    "a": "\\n",   "b": 1.0 }')
  const flat = Buffer.from('{"a":1}')
  expect(onOneLine(flat)).toBe(flat)
})
