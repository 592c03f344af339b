import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { GatewayError } from '../../src/domain/errors.js'
import { createLine } from '../../src/domain/hang-up.js'
import { isAsked } from '../../src/upstreams/stdio-asked.js'
import { type ExchangeParts, openExchange } from '../../src/upstreams/stdio-exchange.js'
import { unavailable } from '../../src/upstreams/stdio-failures.js'
import { bodyOf, callOf, reader, texts } from './stdio-scene.js'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const timeoutMs = 1_000
const progress = Buffer.from('{"progress":1}')
const answer = Buffer.from('{"id":1}')

function open(method = 'tools/list', changes: Partial<ExchangeParts> = {}) {
  const call = callOf(`{"jsonrpc":"2.0","id":1,"method":"${method}"}`, 'modern')
  if (!isAsked(call)) throw new Error('It is a request')
  const told: string[] = []
  const exchange = openExchange(call, {
    hangUp: createLine(),
    timeoutMs,
    isClientsTurn: () => false,
    left: () => void told.push('left'),
    congested: () => undefined,
    flowing: () => undefined,
    over: () => void told.push('over'),
    ...changes,
  })
  return { exchange, told }
}

test('silence for too long fails the call, and the child is told', async () => {
  const { exchange, told } = open()
  vi.advanceTimersByTime(timeoutMs)
  await expect(exchange.reply).rejects.toMatchObject({ code: 'upstream_timeout' })
  expect(exchange.isOpen).toBe(false)
  expect(told).toEqual(['left'])
})

test('silence is counted from the last message', async () => {
  const { exchange } = open()
  for (let i = 0; i < 3; i += 1) {
    vi.advanceTimersByTime(timeoutMs - 1)
    exchange.deliver(progress)
  }
  const next = reader(await exchange.reply)
  for (let i = 0; i < 3; i += 1) expect(await next()).toBe('{"progress":1}')
  vi.advanceTimersByTime(timeoutMs)
  await expect(next()).rejects.toMatchObject({ code: 'upstream_timeout' })
})

test('silence is no fault while it is the client that has to answer', async () => {
  let isClientsTurn = true
  const { exchange } = open('tools/list', { isClientsTurn: () => isClientsTurn })
  vi.advanceTimersByTime(10 * timeoutMs)
  expect(exchange.isOpen).toBe(true)
  isClientsTurn = false
  vi.advanceTimersByTime(timeoutMs)
  await expect(exchange.reply).rejects.toMatchObject({ code: 'upstream_timeout' })
})

test('a subscription may be silent once it is open, and not before', async () => {
  const { exchange } = open('subscriptions/listen')
  exchange.deliver(progress)
  vi.advanceTimersByTime(100 * timeoutMs)
  expect(exchange.isOpen).toBe(true)
  const unopened = open('subscriptions/listen').exchange
  vi.advanceTimersByTime(timeoutMs)
  await expect(unopened.reply).rejects.toMatchObject({ code: 'upstream_timeout' })
})

test('a call that was left is outstanding until it is answered', async () => {
  const line = createLine()
  const { exchange, told } = open('tools/list', { hangUp: line })
  line.hangUp()
  await expect(exchange.reply).rejects.toMatchObject({ code: 'upstream_unavailable' })
  exchange.deliver(progress)
  expect(told).toEqual(['left'])
  exchange.answer(answer, 200)
  expect(told).toEqual(['left', 'over'])
})

test('a call that was left is forgotten where it is never answered', async () => {
  const line = createLine()
  const { exchange, told } = open('tools/list', { hangUp: line })
  line.hangUp()
  await expect(exchange.reply).rejects.toThrow()
  vi.advanceTimersByTime(timeoutMs)
  expect(told).toEqual(['left', 'over'])
})

test('a reply that is not wanted any more is left', async () => {
  const { exchange, told } = open()
  exchange.deliver(progress)
  const reply = await exchange.reply
  reply.body.cancel()
  expect(told).toEqual(['left'])
})

test('a cancelled call may still be answered', async () => {
  const { exchange, told } = open()
  exchange.conclude(timeoutMs)
  expect(exchange.isOpen).toBe(false)
  exchange.answer(answer, 200)
  expect(await bodyOf(await exchange.reply)).toBe('{"id":1}')
  vi.advanceTimersByTime(timeoutMs)
  expect(told).toEqual(['over'])
})

test('a cancelled call that is not answered ends without an answer', async () => {
  const { exchange, told } = open()
  exchange.conclude(timeoutMs)
  vi.advanceTimersByTime(timeoutMs)
  expect(await texts(await exchange.reply)).toEqual([])
  expect(told).toEqual(['over'])
})

test('a cancelled call whose child ends gets no error: nobody waits for one', async () => {
  const { exchange } = open()
  exchange.conclude(timeoutMs)
  exchange.fail(new GatewayError('upstream_unavailable', 'The server has ended'))
  expect(await texts(await exchange.reply)).toEqual([])
})

test('a reader that is more than 4 MiB behind is congestion, until it has caught up', async () => {
  const seen: string[] = []
  const { exchange } = open('tools/list', {
    congested() {
      seen.push('congested')
      return undefined
    },
    flowing: () => void seen.push('flowing'),
  })
  const large = Buffer.alloc(5 * 1024 * 1024, 'x')
  exchange.deliver(large)
  expect(seen).toEqual([])
  exchange.deliver(progress)
  expect(seen).toEqual(['congested'])
  const next = reader(await exchange.reply)
  await next()
  expect(seen).toEqual(['congested', 'flowing'])
})

test('congestion that nobody may wait for ends the reply, after what was there', async () => {
  const { exchange, told } = open('tools/list', { congested: () => unavailable('Too slow') })
  const large = Buffer.alloc(5 * 1024 * 1024, 'x')
  exchange.deliver(large)
  exchange.deliver(progress)
  const next = reader(await exchange.reply)
  await next()
  await next()
  await expect(next()).rejects.toThrow('Too slow')
  expect(told).toEqual(['left'])
})
