import { expect, test } from 'vitest'
import { createLine } from '../../src/domain/hang-up.js'
import { bodyOf } from '../../src/domain/local-reply.js'
import { follow } from '../../src/routing/follow.js'
import { createLines } from '../../src/routing/lines.js'
import { isTelling } from '../../src/routing/one-of-several.js'

/** The pauses before a stream is opened again, where each time it says this and ends. */
async function pausesOf(...streams: readonly string[]): Promise<number[]> {
  const pauses: number[] = []
  const lines = createLines(createLine())
  let opened = 0
  await follow({
    lines: {
      ...lines,
      get happened() {
        return pauses.length === streams.length
      },
      pause: (ms) => {
        pauses.push(ms)
        return Promise.resolve()
      },
    },
    maxMessageBytes: 1000,
    open: () => {
      const text = streams[opened] ?? ''
      opened += 1
      return Promise.resolve({ type: 'open', chunks: bodyOf(Buffer.from(text)) })
    },
    told: () => undefined,
    pass: (frame) => Promise.resolve(isTelling(frame)),
    ended: () => true,
  })
  return pauses
}

test('a server that ends its stream at once is asked again ever more slowly', async () => {
  const times = Array.from({ length: 10 }, () => '')
  expect(await pausesOf(...times)).toEqual([
    250, 500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000,
  ])
})

test('also where it gives a sign of life each time, but not where it tells something', async () => {
  const sign = ': here\n\nretry: 1\n\nid: 1\ndata:\n\n'
  expect(await pausesOf(sign, sign, 'data: {}\n\n', sign)).toEqual([250, 500, 250, 500])
})
