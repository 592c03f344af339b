import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { keepEras, probeEras } from '../../src/bridge/eras.js'
import { createHttpUpstream } from '../../src/upstreams/http-upstream.js'
import { startEverything } from '../support/everything/http.mjs'
import { startEverythingServer } from '../support/everything-server.js'
import { closedAfterEach } from '../support/opened.js'
import { json, startRawUpstream } from '../support/upstream.js'
import { startLegacyOnly, startModernOnly } from './servers.mjs'

const keep = closedAfterEach()

function erasOf(url: string, answerMs?: number) {
  const auth = { type: 'none' } as const
  const upstream = keep(createHttpUpstream({ name: 'there', url, auth, timeoutMs: 10_000 }))
  return probeEras(upstream, randomUUID, answerMs)
}

test.each([
  ['a v1 server', startEverythingServer, { modern: [], legacy: ['2025-11-25'] }],
  ['a v2 server of the legacy era', startLegacyOnly, { modern: [], legacy: ['2025-11-25'] }],
  ['a modern server', startModernOnly, { modern: ['2026-07-28'], legacy: [] }],
  ['a server of both eras', startEverything, { modern: ['2026-07-28'], legacy: ['2025-11-25'] }],
])('%s says what it speaks', async (_name, start, eras) => {
  expect(await erasOf(keep(await start()).url)).toEqual(eras)
})

test('the session that was begun to ask is ended', async () => {
  const server = keep(await startLegacyOnly())
  await erasOf(server.url)
  await expect.poll(() => server.received.at(-1)?.method, { interval: 2 }).toBe('DELETE')
})

test('what speaks neither is refused', async () => {
  const server = keep(await startRawUpstream(json('<html>', 500)))
  await expect(erasOf(server.url)).rejects.toMatchObject({ code: 'upstream_invalid' })
})

test('what answers nothing is not waited for without an end', async () => {
  const server = keep(await startRawUpstream(() => undefined))
  await expect(erasOf(server.url, 20)).rejects.toMatchObject({ code: 'upstream_timeout' })
})

test('what leaves one question unanswered speaks the other era', async () => {
  const server = keep(
    await startRawUpstream((received, response) => {
      if (!received.body.includes('"initialize"')) return
      const { id } = JSON.parse(received.body.toString()) as { id: string }
      const result = { protocolVersion: '2025-06-18', capabilities: {} }
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ jsonrpc: '2.0', id, result }))
    }),
  )
  expect(await erasOf(server.url, 200)).toEqual({ modern: [], legacy: ['2025-06-18'] })
})

test('an answer is kept, a failure is not', async () => {
  let times = 0
  const eras = keepEras(() => {
    times += 1
    return times === 1
      ? Promise.reject(new Error('away'))
      : Promise.resolve({ modern: [], legacy: [] })
  })
  await expect(eras()).rejects.toThrow('away')
  await Promise.all([eras(), eras()])
  await eras()
  expect(times).toBe(2)
})
