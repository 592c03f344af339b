import { expect, test } from 'vitest'
import { createLine } from '../../src/domain/hang-up.js'
import { GatewayError } from '../../src/domain/errors.js'
import { createReplyBody, type BodyFeed } from '../../src/domain/reply-body.js'
import type { Chunks } from '../../src/domain/reply.js'
import { silentStream, tellingStream, type TellingStream } from '../../src/pipeline/list-stream.js'

interface Scene {
  readonly feed: BodyFeed
  readonly stream: TellingStream
  readonly ended: () => number
  readonly read: () => Promise<string | undefined>
}

function openScene(): Scene {
  let ended = 0
  const idle = (): void => undefined
  const feed = createReplyBody({ pause: idle, resume: idle, abort: idle })
  const stream = tellingStream(
    feed.body,
    (list) => Buffer.from(list),
    () => (ended += 1),
  )
  const read = async (): Promise<string | undefined> => (await stream.chunks.read())?.toString()
  return { feed, stream, ended: () => ended, read }
}

test('what is told comes while the stream is silent', async () => {
  const { stream, read } = openScene()
  const first = read()
  stream.tell('tools')
  expect(await first).toBe('tools')
})

test('no chunk is lost or out of order, whoever was first', async () => {
  const { feed, stream, read } = openScene()
  feed.push(Buffer.from('1'))
  const first = read()
  expect(await first).toBe('1')
  const second = read()
  stream.tell('tools')
  feed.push(Buffer.from('2'))
  feed.push(Buffer.from('3'))
  feed.end()
  expect([await second, await read(), await read(), await read()]).toEqual([
    'tools',
    '2',
    '3',
    undefined,
  ])
})

test('a client that does not read is told once of each list', async () => {
  const { feed, stream, read } = openScene()
  for (let time = 0; time < 1000; time += 1) {
    stream.tell('tools')
    stream.tell('prompts')
  }
  expect([await read(), await read()]).toEqual(['tools', 'prompts'])
  feed.end()
  expect(await read()).toBeUndefined()
})

test('nobody is told anything behind the end, however it ended', async () => {
  const whole = openScene()
  whole.feed.end()
  expect(await whole.read()).toBeUndefined()
  whole.stream.tell('tools')
  expect(whole.ended()).toBe(1)

  const broken = openScene()
  broken.feed.fail(new GatewayError('upstream_unavailable', 'gone'))
  await expect(broken.read()).rejects.toMatchObject({ code: 'upstream_unavailable' })
  expect(broken.ended()).toBe(1)

  const cancelled = openScene()
  cancelled.stream.chunks.cancel()
  cancelled.stream.chunks.cancel()
  expect(cancelled.ended()).toBe(1)
})

test('a silent stream ends when its client hangs up', async () => {
  const line = createLine()
  const chunks: Chunks = silentStream(line)
  const read = chunks.read()
  line.hangUp()
  expect(await read).toBeUndefined()
  expect(await chunks.read()).toBeUndefined()
})
