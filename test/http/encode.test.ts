import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { GatewayError, type RefusalDetail } from '../../src/domain/errors.js'
import { writeAnswer, writeRefusal } from '../../src/http/encode.js'

const open: (() => void)[] = []
afterEach(() => {
  for (const close of open.splice(0)) close()
})

async function written(write: (response: ServerResponse) => unknown): Promise<Response> {
  const server = createServer((_request, response) => void write(response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  open.push(() => server.close())
  const { port } = server.address() as AddressInfo
  const reply = await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } })
  await reply.arrayBuffer()
  return reply
}

const detail: RefusalDetail = {
  reason: '',
  rule: '',
  decisionId: '',
  revision: '',
  forwarded: false,
  remedy: '',
  retryAfterSec: undefined,
}

describe('Retry-After', () => {
  test.each([
    [undefined, '1'],
    [0, '1'],
    [-5, '1'],
    [Number.NaN, '1'],
    [0.2, '1'],
    [1.5, '2'],
    [60, '60'],
    [1e300, '86400'],
    [Number.POSITIVE_INFINITY, '86400'],
  ])('of %s seconds is %s', async (retryAfterSec, header) => {
    const error = new GatewayError('rate_limited', '', { detail: { ...detail, retryAfterSec } })
    const reply = await written((response) =>
      writeRefusal(
        response,
        error,
        { id: '1', kind: 'tools/call' },
        { style: 'http', detail: 'full' },
        [],
      ),
    )
    expect(reply.status).toBe(429)
    expect(reply.headers.get('retry-after')).toBe(header)
  })
})

test('an answer without content has no length', async () => {
  const reply = await written((response) =>
    writeAnswer(response, { type: 'whole', status: 204, headers: [], text: Buffer.alloc(0) }, []),
  )
  expect(reply.status).toBe(204)
  expect(reply.headers.get('content-length')).toBeNull()
})
