import { once } from 'node:events'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { openBundle } from '../../src/bundles/open-bundle.js'
import { closeAll, never, refusalOf, serve, serveBytes, sourceOf } from './bundle-server.js'

afterEach(closeAll)

describe('fetching over HTTP', () => {
  test('gives the body, and asks for it without a content coding', async () => {
    const { url, requests } = await serve((_, response) => response.end('bundle'))
    expect(await sourceOf(url).fetch(never)).toMatchObject({ bytes: Buffer.from('bundle') })
    expect(requests[0]?.headers).toMatchObject({
      'accept-encoding': 'identity',
      'user-agent': 'Portcullis/1.2.3',
      prefer: 'modes=snapshot',
    })
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

  test.each(['W/"v1"', 'v1', '"a b"'])('sends the ETag %s back as it came', async (etag) => {
    const { url, requests } = await serve((_, response) =>
      response.setHeader('etag', etag).end('b'),
    )
    const source = sourceOf(url)
    await source.fetch(never)
    source.accepted()
    await source.fetch(never)
    expect(requests[1]?.headers['if-none-match']).toBe(etag)
  })

  test('asks without an ETag that cannot be sent back', async () => {
    const url = await serveBytes(
      'HTTP/1.1 200 OK\r\nETag: "\xe4\xf6"\r\nContent-Length: 1\r\n\r\nb',
    )
    const source = sourceOf(url)
    for (let left = 2; left > 0; left -= 1) {
      expect(await source.fetch(never)).toMatchObject({ type: 'archive' })
      source.accepted()
    }
  })

  test.each([
    [404, 'check POLICY_BUNDLE_URL'],
    [401, 'check POLICY_BUNDLE_TOKEN'],
    [403, 'check POLICY_BUNDLE_TOKEN'],
    [500, 'answered 500'],
    [503, 'answered 503'],
    [204, 'answered 204'],
    [206, 'answered 206'],
    [300, 'without saying where to go'],
    [302, 'without saying where to go'],
    [416, 'answered 416'],
    [304, 'had no condition'],
  ])('an answer of %i is an absent bundle', async (status, message) => {
    const { url } = await serve((_, response) => response.writeHead(status).end())
    const refusal = await refusalOf(sourceOf(url))
    expect(refusal).toMatch(/^absent: /)
    expect(refusal).toContain(message)
  })

  test('a server that is not there is an absent bundle', async () => {
    const server = await serve(() => undefined)
    server.close()
    expect(await refusalOf(sourceOf(server.url))).toMatch(
      /^absent: .*cannot be reached \(ECONNREFUSED\)/,
    )
  })

  test('a server that says nothing in time is an absent bundle', async () => {
    const { url } = await serve(() => undefined)
    const inTime = /did not answer in time/
    expect(await refusalOf(sourceOf(url, { limits: { firstByteMs: 20 } }))).toMatch(inTime)
    expect(await refusalOf(sourceOf(url, { limits: { wholeMs: 20 } }))).toMatch(inTime)
    const fetching = sourceOf(url).fetch(AbortSignal.timeout(20))
    await expect(fetching).rejects.toMatchObject({ fault: 'absent' })
  })

  test('a body that is cut off or never ends is a refused bundle', async () => {
    const { url } = await serve((_, response) => {
      response.writeHead(200, { 'content-length': 100 }).write('begin', () => response.destroy())
    })
    expect(await refusalOf(sourceOf(url))).toMatch(/^archive: .*cut off after/)
    const slow = await serve((_, response) => response.write('begin'))
    const refusal = await refusalOf(sourceOf(slow.url, { limits: { wholeMs: 100 } }))
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

  test('a body that falls silent is a refused bundle', async () => {
    const { url } = await serve((_, response) => response.write('begin'))
    const refusal = await refusalOf(sourceOf(url, { limits: { silenceMs: 50 } }))
    expect(refusal).toMatch(/^archive: .*cut off after 5 bytes/)
  })

  test.each([
    ['ends before its length', 'Content-Length: 100\r\n\r\nbegin'],
    ['ends within a chunk', 'Transfer-Encoding: chunked\r\n\r\n64\r\nbegin'],
    ['ends between chunks', 'Transfer-Encoding: chunked\r\n\r\n5\r\nbegin\r\n'],
    ['has a chunk of no length', 'Transfer-Encoding: chunked\r\n\r\n5\r\nbegin\r\nxyz\r\n'],
  ])('a body that %s is a refused bundle', async (_, rest) => {
    const url = await serveBytes(`HTTP/1.1 200 OK\r\n${rest}`)
    expect(await refusalOf(sourceOf(url))).toMatch(/^archive: .*cut off after 5 bytes/)
  })

  test('a body without a length ends with its connection', async () => {
    const url = await serveBytes('HTTP/1.0 200 OK\r\n\r\nbundle')
    expect(await sourceOf(url).fetch(never)).toMatchObject({ bytes: Buffer.from('bundle') })
  })

  test.each(['', 'SSH-2.0-OpenSSH\r\n', 'HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n'])(
    'a server that answers %j is an absent bundle',
    async (bytes) => {
      expect(await refusalOf(sourceOf(await serveBytes(bytes)))).toMatch(/cannot be reached/)
    },
  )

  test.each(['Upgrade: x\r\nConnection: upgrade\r\n', ''])(
    'a server that answers 101 %j is an absent bundle',
    async (headers) => {
      const url = await serveBytes(`HTTP/1.1 101 Switching Protocols\r\n${headers}\r\n`)
      expect(await refusalOf(sourceOf(url))).toMatch(
        /^absent: .*(?:\(no answer\): .*|answered 101)$/,
      )
    },
  )

  test('a head without an end is an absent bundle', async () => {
    const url = await serveBytes(`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(20_000)}`)
    expect(await refusalOf(sourceOf(url))).toMatch(/^absent: .*\(HPE_HEADER_OVERFLOW\)/)
  })

  test('a length over the limit is refused before a byte of the body came', async () => {
    const { url } = await serve((_, response) => {
      response.writeHead(200, { 'content-length': 2000 }).flushHeaders()
    })
    expect(await refusalOf(sourceOf(url))).toMatch(/^archive: .*more than 1000 bytes/)
  })

  test.each(['br', 'deflate', 'zstd', 'gzip, br'])('a body in %s is refused', async (coding) => {
    const { url } = await serve((_, response) => {
      response.writeHead(200, { 'content-encoding': coding }).end('x')
    })
    const refusal = await refusalOf(sourceOf(url))
    expect(refusal).toContain(
      `archive: The bundle from ${url} comes with Content-Encoding ${coding}`,
    )
  })

  test.each(['gzip', 'x-gzip'])(
    'a body whose own gzip is called %s is as it is',
    async (coding) => {
      const { url } = await serve((_, response) => {
        response.writeHead(200, { 'content-encoding': coding }).end('bundle')
      })
      expect(await sourceOf(url).fetch(never)).toMatchObject({ bytes: Buffer.from('bundle') })
    },
  )

  test.each([
    ['<!doctype html><title>Sign in</title>', /is an HTML or XML page/],
    ['{"error": "not now"}', /is JSON text/],
    ['', /is empty/],
  ])('a page of 200 that says %j is told from a bundle', async (body, message) => {
    const { url } = await serve((_, response) => response.end(body))
    const fetched = await sourceOf(url).fetch(never)
    const bytes = fetched.type === 'archive' ? fetched.bytes : Buffer.alloc(0)
    const trust = { sha256: undefined, keys: [], requireSignature: false }
    await expect(openBundle(bytes, { maxBytes: 1000, ...trust, now: 0 })).rejects.toThrow(message)
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

describe('connections', () => {
  test('are closed with each answer, whatever it was', async () => {
    const server = await serve((_, response) => {
      const turn = server.requests.length % 4
      if (turn === 0) response.writeHead(304).end()
      else if (turn === 1) response.setHeader('etag', '"v1"').end('bundle')
      else if (turn === 2) response.writeHead(500).end('x'.repeat(5000))
      else response.end('x'.repeat(5000))
    })
    const source = sourceOf(server.url)
    const { signal } = new AbortController()
    const added = vi.spyOn(signal, 'addEventListener')
    const removed = vi.spyOn(signal, 'removeEventListener')
    for (let left = 500; left > 0; left -= 1) {
      const fetched = await source.fetch(signal).catch(() => undefined)
      if (fetched?.type === 'archive') source.accepted()
    }
    expect(added).toHaveBeenCalled()
    expect(removed).toHaveBeenCalledTimes(added.mock.calls.length)
    await expect.poll(() => server.connections()).toBe(0)
  })
})
