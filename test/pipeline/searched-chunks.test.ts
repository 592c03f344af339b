import { expect, test } from 'vitest'
import { GatewayError } from '../../src/domain/errors.js'
import { searchedChunks } from '../../src/pipeline/searched-chunks.js'
import { createKeySearch } from '../../src/wire/key-search.js'

const search = createKeySearch(['inputRequests'])
const fault = new GatewayError('upstream_invalid', 'too long')

/** What of these stretches passes, and whether the rest was let go of. */
async function pass(stretches: readonly string[]) {
  const rest = stretches.map((stretch) => Buffer.from(stretch))
  let cancelled = false
  const body = {
    read: () => Promise.resolve(rest.shift()),
    cancel: () => {
      cancelled = true
    },
  }
  const chunks = searchedChunks(body, [search], () => Promise.resolve(fault))
  const passed: string[] = []
  const read = async (): Promise<void> => {
    for (let chunk = await chunks.read(); chunk !== undefined; chunk = await chunks.read()) {
      passed.push(chunk.toString())
    }
  }
  const thrown: unknown = await read().catch((error: unknown) => error)
  return { passed, cancelled, thrown }
}

test('what holds no key passes in the stretches in which it came', async () => {
  const stretches = ['{"a":"input', 'Requests are', '"}', '']
  expect(await pass(stretches)).toEqual({ passed: stretches, cancelled: false, thrown: undefined })
})

test('a key is found wherever it is cut apart, however it is spelled', async () => {
  for (const key of ['"inputRequests"', '"\\u0069nput\\u0052equests"']) {
    for (let at = 1; at < key.length; at += 1) {
      const cut = [`{"a":"${'x'.repeat(200)}",${key.slice(0, at)}`, `${key.slice(at)}:{}`, '}']
      expect(await pass(cut)).toEqual({ passed: cut.slice(0, 1), cancelled: true, thrown: fault })
    }
    const bytes = Array.from(`{${key}:{}}`)
    expect(await pass(bytes)).toMatchObject({ cancelled: true, thrown: fault })
  }
})
