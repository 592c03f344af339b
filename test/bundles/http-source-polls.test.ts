import type { ServerResponse } from 'node:http'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { BundleSource } from '../../src/bundles/source.js'
import { closeAll, never, serve, sourceOf, type Answer } from './bundle-server.js'

afterEach(closeAll)

describe('polling', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  /** How long it takes, in milliseconds, until the source asks to be fetched. */
  function untilTold(heard: { readonly polls: number }): number {
    const before = heard.polls
    for (let ms = 0; ms < 1_000_000; ms += 100) {
      if (heard.polls > before) return ms
      vi.advanceTimersByTime(100)
    }
    return Infinity
  }

  function watched(source: BundleSource): { polls: number } {
    const heard = { polls: 0 }
    source.watch(() => {
      heard.polls += 1
    })
    return heard
  }

  test('is sooner while nothing is in force, and goes on where nobody fetches', () => {
    const source = sourceOf('http://127.0.0.1:1/b', { pollSec: 60, random: () => 0.5 })
    const heard = watched(source)
    expect([untilTold(heard), untilTold(heard)]).toEqual([5_000, 5_000])
    source.accepted()
    expect([untilTold(heard), untilTold(heard)]).toEqual([60_000, 60_000])
  })

  test('is spread', () => {
    let random = 0
    const source = sourceOf('http://127.0.0.1:1/b', { pollSec: 60, random: () => random })
    source.accepted()
    const heard = watched(source)
    random = 1
    expect([untilTold(heard), untilTold(heard)]).toEqual([54_000, 66_000])
  })

  test('backs off from failures up to the interval, and forgets them with the first success', async () => {
    let status = 500
    const { url } = await serve((_, response) => {
      response.setHeader('etag', '"v1"').writeHead(status).end('bundle')
    })
    const source = sourceOf(url, { pollSec: 6, random: () => 0.5 })
    source.accepted()
    const heard = watched(source)
    const waits = []
    for (let left = 8; left > 0; left -= 1) {
      await source.fetch(never).catch(() => undefined)
      waits.push(untilTold(heard))
    }
    expect(waits).toEqual([1_000, 1_000, 1_000, 1_600, 3_200, 6_000, 6_000, 6_000])
    status = 200
    await source.fetch(never)
    source.accepted()
    expect(untilTold(heard)).toBe(6_000)
    status = 503
    await source.fetch(never).catch(() => undefined)
    expect(untilTold(heard)).toBe(1_000)
  })

  test('asks again for a refused bundle after the usual time', async () => {
    const { url } = await serve((_, response) => response.end('bundle'))
    const source = sourceOf(url, { pollSec: 60, random: () => 0.5 })
    source.accepted()
    const heard = watched(source)
    await source.fetch(never)
    expect(untilTold(heard)).toBe(60_000)
  })

  test('waits as long as the server asks for', async () => {
    const { url } = await serve((_, response) => {
      response.writeHead(503, { 'retry-after': '120' }).end()
    })
    const source = sourceOf(url, { pollSec: 60, random: () => 0.5 })
    const heard = watched(source)
    await source.fetch(never).catch(() => undefined)
    expect(untilTold(heard)).toBe(120_000)
  })

  test('is never at once because the interval is the longest there is', () => {
    const source = sourceOf('http://127.0.0.1:1/b', { pollSec: 2_147_483, random: () => 1 })
    source.accepted()
    expect(untilTold(watched(source))).toBe(Infinity)
  })

  test('is off at an interval of 0, and once it is closed', async () => {
    const off = watched(sourceOf('http://127.0.0.1:1/b', { pollSec: 0 }))
    const closed = sourceOf('http://127.0.0.1:1/b', { pollSec: 1 })
    const heard = watched(closed)
    await closed.close()
    await closed.fetch(never).catch(() => undefined)
    expect([untilTold(off), untilTold(heard)]).toEqual([Infinity, Infinity])
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('long polling', () => {
  const type = 'application/vnd.openpolicyagent.bundles'

  interface Held {
    readonly waits: string[]
    /** Resolves when the server holds a request. */
    readonly next: () => Promise<ServerResponse>
    readonly answer: Answer
  }

  /** Answers at once without `wait`, and leaves the others to the test. */
  function holding(plain: Answer): Held {
    const waits: string[] = []
    const held: ServerResponse[] = []
    const waiting: ((response: ServerResponse) => void)[] = []
    return {
      waits,
      next: () =>
        new Promise((resolve) => {
          const response = held.shift()
          if (response === undefined) waiting.push(resolve)
          else resolve(response)
        }),
      answer(request, response) {
        const prefer = String(request.headers['prefer'])
        waits.push(`${prefer} ${request.headers['if-none-match'] ?? '-'}`)
        if (!prefer.includes('wait=')) plain(request, response)
        else if (waiting.length > 0) waiting.shift()?.(response)
        else held.push(response)
      },
    }
  }

  const plainly: Answer = (_, response) =>
    response.writeHead(200, { etag: '"v1"', 'content-type': type }).end('one')

  function poller(url: string, options = {}) {
    const source = sourceOf(url, { pollSec: 60, longPollSec: 30, ...options })
    const told: (() => void)[] = []
    let changes = 0
    source.watch(() => {
      changes += 1
      told.shift()?.()
    })
    const change = () => new Promise<void>((resolve) => told.push(resolve))
    return { source, change, changes: () => changes }
  }

  test('holds the next request as soon as a bundle is in force, and what it brings is fetched without another', async () => {
    const server = holding(plainly)
    const { url } = await serve(server.answer)
    const { source, change } = poller(url)
    await source.fetch(never)
    source.accepted()
    const changed = change()
    const response = await server.next()
    response.writeHead(200, { etag: '"v2"', 'content-type': type }).end('two')
    await changed
    expect(await source.fetch(never)).toEqual({ type: 'archive', bytes: Buffer.from('two') })
    source.accepted()
    await server.next()
    expect(server.waits).toEqual([
      'modes=snapshot -',
      'modes=snapshot;wait=30 "v1"',
      'modes=snapshot;wait=30 "v2"',
    ])
  })

  test('tells of a 304 too, and goes on while the media type is the one of OPA', async () => {
    const server = holding(plainly)
    const { url } = await serve(server.answer)
    const { source, change } = poller(url)
    await source.fetch(never)
    source.accepted()
    for (const contentType of [type, 'application/gzip']) {
      const changed = change()
      const response = await server.next()
      response.writeHead(304, { 'content-type': contentType }).end()
      await changed
      expect(await source.fetch(never)).toEqual({ type: 'unchanged' })
    }
    expect(server.waits).toHaveLength(3)
  })

  test.each(['application/gzip', `${type}; charset=utf-8`, undefined])(
    'is not asked of a server that answers with %s',
    async (contentType) => {
      const server = holding((_, response) => {
        const headers = contentType === undefined ? {} : { 'content-type': contentType }
        response.writeHead(200, { etag: '"v1"', ...headers }).end('one')
      })
      const { url } = await serve(server.answer)
      const { source } = poller(url, { pollSec: 0.001 })
      const fetched = vi.fn()
      await source.fetch(never)
      source.accepted()
      await new Promise<void>((resolve) => source.watch(resolve))
      fetched(await source.fetch(never))
      expect(server.waits).toEqual(['modes=snapshot -', 'modes=snapshot "v1"'])
    },
  )

  test('gives up a held request when somebody fetches meanwhile', async () => {
    const server = holding(plainly)
    const { url } = await serve(server.answer)
    const { source, changes } = poller(url)
    await source.fetch(never)
    source.accepted()
    const response = await server.next()
    const gone = new Promise((resolve) => response.once('close', resolve))
    expect(await source.fetch(never)).toMatchObject({ type: 'archive' })
    await gone
    source.accepted()
    await server.next()
    expect(changes()).toBe(0)
  })

  test('hands a failure to the next fetch', async () => {
    const server = holding(plainly)
    const { url } = await serve(server.answer)
    const { source, change } = poller(url)
    await source.fetch(never)
    source.accepted()
    const changed = change()
    const response = await server.next()
    response.destroy()
    await changed
    await expect(source.fetch(never)).rejects.toMatchObject({ fault: 'absent' })
  })

  test('slows down where the server does not hold what it is asked to', async () => {
    const { url, requests } = await serve((request, response) => {
      if (requests.length === 1) plainly(request, response)
      else response.writeHead(304, { 'content-type': type }).end()
    })
    const { source, change } = poller(url, { random: () => 1 })
    await source.fetch(never)
    source.accepted()
    for (let left = 2; left > 0; left -= 1) {
      await change()
      await source.fetch(never)
    }
    await new Promise((resolve) => setImmediate(resolve))
    expect(requests).toHaveLength(3)
  })

  test('ends at once when the source is closed', async () => {
    const server = holding(plainly)
    const bundleServer = await serve(server.answer)
    const { url } = bundleServer
    const { source, changes } = poller(url)
    await source.fetch(never)
    source.accepted()
    await server.next()
    await source.close()
    await expect.poll(() => bundleServer.connections()).toBe(0)
    expect(changes()).toBe(0)
  })
})
