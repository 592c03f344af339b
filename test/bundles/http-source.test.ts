import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { createHttpSource, type HttpSourceOptions } from '../../src/bundles/http-source.js'
import type { BundleSource } from '../../src/bundles/source.js'

const never = new AbortController().signal
const opened: Server[] = []
const sources: BundleSource[] = []

afterEach(async () => {
  for (const source of sources.splice(0)) await source.close()
  for (const server of opened.splice(0)) {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
})

async function serve(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<{ url: string; requests: IncomingMessage[]; arrived: Promise<unknown> }> {
  const requests: IncomingMessage[] = []
  const server = createServer((request, response) => {
    requests.push(request)
    answer(request, response)
  })
  opened.push(server)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/b.tar.gz`
  return { url, requests, arrived: once(server, 'request') }
}

function sourceOf(url: string, options: Partial<HttpSourceOptions> = {}): BundleSource {
  const source = createHttpSource({ url, token: undefined, maxBytes: 1000, pollSec: 0, ...options })
  sources.push(source)
  return source
}

async function refusalOf(source: BundleSource): Promise<string> {
  const fault: unknown = await source.fetch(never).catch((thrown: unknown) => thrown)
  if (!(fault instanceof Error) || !('fault' in fault)) throw new Error('not refused')
  return `${String(fault.fault)}: ${fault.message}`
}

describe('fetching over HTTP', () => {
  test('gives the body, and asks for it without a content coding', async () => {
    const { url, requests } = await serve((_, response) => response.end('bundle'))
    expect(await sourceOf(url).fetch(never)).toMatchObject({ bytes: Buffer.from('bundle') })
    expect(requests[0]?.headers).toMatchObject({ 'accept-encoding': 'identity' })
    expect(requests[0]?.headers['authorization']).toBeUndefined()
  })

  test('asks with the ETag of the accepted bundle only', async () => {
    let version = 1
    const { url, requests } = await serve((request, response) => {
      const etag = `"v${version}"`
      if (request.headers['if-none-match'] === etag) response.writeHead(304).end()
      else response.writeHead(200, { etag }).end(`bundle ${version}`)
    })
    const source = sourceOf(url)
    await source.fetch(never)
    expect(await source.fetch(never)).toMatchObject({ type: 'archive' })
    source.accepted()
    expect(await source.fetch(never)).toEqual({ type: 'unchanged' })
    version = 2
    expect(await source.fetch(never)).toMatchObject({ bytes: Buffer.from('bundle 2') })
    expect(await source.fetch(never)).toMatchObject({ bytes: Buffer.from('bundle 2') })
    expect(requests.map(({ headers }) => headers['if-none-match'])).toEqual([
      undefined,
      undefined,
      '"v1"',
      '"v1"',
      '"v1"',
    ])
  })

  test.each([
    [404, 'check POLICY_BUNDLE_URL'],
    [401, 'check POLICY_BUNDLE_TOKEN'],
    [403, 'check POLICY_BUNDLE_TOKEN'],
    [500, 'answered 500'],
    [503, 'answered 503'],
    [204, 'answered 204'],
    [206, 'answered 206'],
    [304, 'had no condition'],
  ])('an answer of %i is an absent bundle', async (status, message) => {
    const { url } = await serve((_, response) => response.writeHead(status).end())
    const refusal = await refusalOf(sourceOf(url))
    expect(refusal).toMatch(/^absent: /)
    expect(refusal).toContain(message)
  })

  test('a server that is not there is an absent bundle', async () => {
    const { url } = await serve(() => undefined)
    const server = opened.splice(0)[0]
    server?.close()
    expect(await refusalOf(sourceOf(url))).toMatch(/^absent: .*cannot be reached \(ECONNREFUSED\)/)
  })

  test('a server that says nothing in time is an absent bundle', async () => {
    const { url } = await serve(() => undefined)
    const inTime = /did not answer in time/
    expect(await refusalOf(sourceOf(url, { firstByteMs: 20 }))).toMatch(inTime)
    expect(await refusalOf(sourceOf(url, { wholeMs: 20 }))).toMatch(inTime)
    const fetching = sourceOf(url).fetch(AbortSignal.timeout(20))
    await expect(fetching).rejects.toMatchObject({ fault: 'absent' })
  })

  test('a body that is cut off or never ends is a refused bundle', async () => {
    const { url } = await serve((_, response) => {
      response.writeHead(200, { 'content-length': 100 }).write('begin', () => response.destroy())
    })
    expect(await refusalOf(sourceOf(url))).toMatch(/^archive: .*cut off after/)
    const slow = await serve((_, response) => response.write('begin'))
    const refusal = await refusalOf(sourceOf(slow.url, { wholeMs: 100 }))
    expect(refusal).toMatch(/^archive: .*cut off after 5 bytes/)
  })

  test('a body over the limit is refused as soon as it is, and the connection ends', async () => {
    let ended: Promise<unknown> = Promise.resolve()
    const { url } = await serve((_, response) => {
      ended = once(response, 'close')
      const pour = (): unknown => response.destroyed || response.write('x'.repeat(300), pour)
      pour()
    })
    expect(await refusalOf(sourceOf(url))).toMatch(/^archive: .*more than 1000 bytes/)
    await ended
  })

  test('a body in a content coding is refused, for its own gzip would be lost', async () => {
    const { url } = await serve((_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end('x')
    })
    expect(await refusalOf(sourceOf(url))).toMatch(/^archive: .*Content-Encoding gzip/)
  })

  test('is given up when it is no longer wanted', async () => {
    const { url, arrived } = await serve(() => undefined)
    const source = sourceOf(url)
    const fetching = source.fetch(never).catch((fault: unknown) => fault)
    await arrived
    await source.close()
    expect(await fetching).toMatchObject({ name: 'AbortError' })
  })
})

describe('redirects', () => {
  test('are followed, five at most', async () => {
    const hops = await serve((request, response) => {
      const left = Number(new URL(request.url ?? '', 'http://x').searchParams.get('left'))
      if (left === 0) response.end('bundle')
      else response.writeHead(302, { location: `?left=${left - 1}` }).end()
    })
    expect(await sourceOf(`${hops.url}?left=5`).fetch(never)).toMatchObject({ type: 'archive' })
    const refusal = await refusalOf(sourceOf(`${hops.url}?left=6`))
    expect(refusal).toMatch(/^absent: .*redirects more than 5 times/)
    const loop = await serve((_, response) => response.writeHead(307, { location: '/' }).end())
    expect(await refusalOf(sourceOf(loop.url))).toMatch(/^absent: .*redirects more than 5 times/)
  })

  test('to another origin get no credentials, and back at the first they do', async () => {
    const home = await serve((request, response) => {
      if (request.url === '/back') response.end('bundle')
      else response.writeHead(302, { location: away.url }).end()
    })
    const away = await serve((_, response) => {
      response.writeHead(302, { location: new URL('/back', home.url).href }).end()
    })
    expect(await sourceOf(home.url, { token: 's3cret' }).fetch(never)).toMatchObject({
      type: 'archive',
    })
    const authorizations = [...home.requests, ...away.requests].map(
      ({ headers }) => headers['authorization'],
    )
    expect(authorizations).toEqual(['Bearer s3cret', 'Bearer s3cret', undefined])
  })

  test.each(['file:///etc/passwd', 'data:,x', 'http://'])('to %s are not', async (location) => {
    const { url } = await serve((_, response) => response.writeHead(302, { location }).end())
    expect(await refusalOf(sourceOf(url))).toMatch(/^absent: .*not an HTTP address/)
  })
})

describe('credentials', () => {
  test('of the address are sent as Basic and stay out of names and errors', async () => {
    const { url, requests } = await serve((_, response) => response.writeHead(500).end())
    const secret = url.replace('http://', 'http://me:p%40ss@') + '?signature=s3cret'
    const source = sourceOf(secret)
    const refusal = await refusalOf(source)
    expect(requests[0]?.headers['authorization']).toBe(
      `Basic ${Buffer.from('me:p@ss').toString('base64')}`,
    )
    expect(requests[0]?.url).toContain('signature=s3cret')
    for (const text of [source.name, refusal]) expect(text).not.toMatch(/s3cret|p@ss|p%40ss|me:/)
  })
})

describe('polling', () => {
  test('asks again and again until it is closed', async () => {
    const source = sourceOf('http://127.0.0.1:1/b', { pollSec: 0.001 })
    await new Promise<void>((resolve) => {
      let polls = 0
      source.watch(() => {
        polls += 1
        if (polls === 3) resolve()
      })
    })
  })

  test('is spread by a tenth, and sooner while nothing is in force', () => {
    vi.useFakeTimers()
    try {
      let random = 0.5
      const source = sourceOf('http://127.0.0.1:1/b', { pollSec: 60, random: () => random })
      let polls = 0
      source.watch(() => (polls += 1))
      vi.advanceTimersByTime(10_000)
      expect(polls).toBe(2)
      source.accepted()
      const seconds = [5, 60, 54, 66]
      for (const [index, sec] of seconds.entries()) {
        random = [0.5, 0, 1, 0.5][index] ?? 0
        vi.advanceTimersByTime(sec * 1000 - 1)
        expect(polls).toBe(2 + index)
        vi.advanceTimersByTime(1)
        expect(polls).toBe(3 + index)
      }
    } finally {
      vi.useRealTimers()
    }
  })

  test('is off at an interval of 0', () => {
    const source = sourceOf('http://127.0.0.1:1/b', { pollSec: 0 })
    source.watch(() => expect.unreachable())
  })
})
