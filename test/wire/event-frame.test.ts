import { expect, test } from 'vitest'
import { readFrame, replaceId } from '../../src/wire/event-frame.js'

test.each([
  ['id: 1\ndata: x\n\n', 'id: a\ndata: x\n\n'],
  ['data: x\r\nid:1\r\nretry: 5\r\n\r\n', 'data: x\r\nid: a\r\nretry: 5\r\n\r\n'],
  ['id: 1\nid: 2\ndata:\n\n', 'id: a\nid: a\ndata:\n\n'],
  ['data: id: 1\n\n', 'data: id: 1\n\n'],
  ['id\ndata: x\n\n', 'id\ndata: x\n\n'],
  ['id: \0\ndata: x\n\n', 'id: \0\ndata: x\n\n'],
  ['id: \0\nid: 1\n\n', 'id: \0\nid: a\n\n'],
  [': comment\n\n', ': comment\n\n'],
])('of %j only the id is replaced', (raw, expected) => {
  expect(replaceId(readFrame(Buffer.from(raw)), 'a').toString()).toBe(expected)
})
