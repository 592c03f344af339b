import { expect, test } from 'vitest'
import { answeredBy, createLineCutter } from '../../src/upstreams/stdio-lines.js'

const shown = (line: unknown): unknown =>
  Buffer.isBuffer(line) ? line.toString() : { ...(line as object) }

function cutIn(chunkBytes: number, text: string): unknown[] {
  const cutter = createLineCutter(20)
  const bytes = Buffer.from(text)
  const lines: unknown[] = []
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    lines.push(...cutter.push(bytes.subarray(at, at + chunkBytes)).map(shown))
  }
  const rest = cutter.flush()
  return rest === undefined ? lines : [...lines, shown(rest)]
}

const long = 'long '.repeat(10)

test.each([1, 7, 19, 20, 21, 50, 1_000])('lines come whole, in chunks of %i', (chunkBytes) => {
  const text = `a\n${long}\n${'b'.repeat(20)}\r\n${'c'.repeat(20)}\n${long}\nd`
  const passed = { head: expect.any(Buffer) as Buffer, isEndless: false }
  const lines = cutIn(chunkBytes, text)
  expect(lines).toEqual([
    'a',
    { ...passed, tail: Buffer.from(long) },
    'b'.repeat(20),
    'c'.repeat(20),
    { ...passed, tail: Buffer.from(long) },
    'd',
  ])
})

test('a line without an end is given up', () => {
  const lines = cutIn(10, 'x'.repeat(200))
  expect(lines[0]).toMatchObject({ isEndless: true })
})

test.each([
  ['{"jsonrpc":"2.0","id":5,"result":{', '"}}', 5],
  ['{ "id" : 6 , "error":{', '"}}', 6],
  ['{"result":{', '"},"jsonrpc":"2.0","id":7}', 7],
  ['{"result":{', '"},"id":8,"jsonrpc":"2.0"} ', 8],
  ['{"jsonrpc":"2.0","result":{', '","id":9}}', undefined],
  ['{"jsonrpc":"2.0","id":"5","result":{', '"}}', undefined],
  ['{"jsonrpc":"2.0","id":5,"method":"elicitation/create","params":{', '"}}', undefined],
  ['{"result":"', ',\\"id\\":9}"}', undefined],
])('%s … %s answers %s', (head, tail, id) => {
  const line = { head: Buffer.from(head), tail: Buffer.from(tail), isEndless: false }
  expect(answeredBy(line)).toBe(id)
})
