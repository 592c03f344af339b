import { expect, test } from 'vitest'
import { createReplyBody } from '../../src/domain/reply-body.js'
import { GatewayError } from '../../src/domain/errors.js'
import { teedChunks } from '../../src/pipeline/teed-chunks.js'

function scene(maxBytes: number, most = 1000) {
  let held = 0
  const ends: string[] = []
  const feed = createReplyBody({
    pause: () => undefined,
    resume: () => undefined,
    abort: () => undefined,
  })
  const memory = {
    hold: (bytes: number) => {
      if (held + bytes > most) return false
      held += bytes
      return true
    },
    letGo: (bytes: number) => void (held -= bytes),
  }
  const chunks = teedChunks(feed.body, maxBytes, memory, (kept) =>
    ends.push(typeof kept === 'string' ? kept : `text ${kept.toString()}`),
  )
  return { feed, chunks, ends, held: () => held }
}

test('what passes is there as a whole at the end, and its memory is let go', async () => {
  const { feed, chunks, ends, held } = scene(100)
  feed.push(Buffer.from('ab'))
  feed.push(Buffer.from('cd'))
  feed.end()
  expect((await chunks.read())?.toString()).toBe('ab')
  expect(held()).toBe(2)
  expect((await chunks.read())?.toString()).toBe('cd')
  expect(ends).toEqual([])
  expect(await chunks.read()).toBeUndefined()
  expect(ends).toEqual(['text abcd'])
  expect(held()).toBe(0)
})

test.each([
  ['too_large', 3, 1000],
  ['busy', 100, 3],
] as const)('what is %s passes and is not kept', async (why, maxBytes, most) => {
  const { feed, chunks, ends, held } = scene(maxBytes, most)
  for (const text of ['ab', 'cd', 'e']) feed.push(Buffer.from(text))
  feed.end()
  let text = ''
  for (let chunk = await chunks.read(); chunk !== undefined; chunk = await chunks.read())
    text += chunk.toString()
  expect(text).toBe('abcde')
  expect(ends).toEqual([why])
  expect(held()).toBe(0)
})

test('a body that breaks off, or that nobody wants any more, holds nothing', async () => {
  const broken = scene(100)
  broken.feed.push(Buffer.from('ab'))
  broken.feed.fail(new GatewayError('upstream_unavailable', 'gone'))
  await broken.chunks.read()
  await expect(broken.chunks.read()).rejects.toThrow('gone')
  expect([broken.held(), broken.ends]).toEqual([0, []])
  const left = scene(100)
  left.feed.push(Buffer.from('ab'))
  await left.chunks.read()
  left.chunks.cancel()
  expect([left.held(), left.ends]).toEqual([0, []])
})
