import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { digestOf } from '../src/bundles/hash.js'
import type { Bundle } from '../src/domain/bundle.js'
import { PolicySupplyError } from '../src/domain/errors.js'
import { policyInput } from '../src/domain/policy-input.js'
import { openPolicy } from '../src/policy/compile.js'
import { createPatterns } from '../src/policy/patterns.js'
import { sampleCall } from '../src/policy/sample-calls.js'
import {
  createSupplyThread,
  type SupplyThread,
  type SupplyThreadOptions,
} from '../src/supply-client.js'
import { dataBundle } from './bundles/loading.js'

const threads: SupplyThread[] = []

afterEach(async () => {
  for (const thread of threads.splice(0)) await thread.close()
})

function threadWith(options: SupplyThreadOptions = {}): SupplyThread {
  const thread = createSupplyThread(options)
  threads.push(thread)
  return thread
}

const terms = {
  maxBytes: 1 << 24,
  sha256: undefined,
  keys: [],
  requireSignature: false,
  now: Date.parse('2026-06-01T00:00:00Z'),
}
const limits = { maxInputBytes: 1 << 20, budgetMs: 1000 }
const starter = (): Promise<Buffer> =>
  readFile(new URL('../bundles/starter.tar.gz', import.meta.url))

async function opened(thread: SupplyThread, archive: Buffer): Promise<Bundle> {
  const { result } = await thread.open(archive, terms, undefined)
  if (result.type !== 'bundle') throw new Error(result.type)
  return result.bundle
}

async function refusal(work: Promise<unknown>): Promise<PolicySupplyError> {
  const thrown: unknown = await work.catch((fault: unknown) => fault)
  if (thrown instanceof PolicySupplyError) return thrown
  throw new Error('not refused', { cause: thrown })
}

describe('the supply thread', () => {
  const thread = createSupplyThread()
  afterAll(() => thread.close())

  test('opens a bundle and gives the archive back', async () => {
    const archive = await starter()
    const given = await starter()
    const { digest, archive: back, result } = await thread.open(given, terms, undefined)
    expect(digest).toBe(digestOf(archive))
    expect(back).toEqual(archive)
    if (result.type !== 'bundle') throw new Error(result.type)
    expect(Buffer.isBuffer(result.bundle.data)).toBe(true)
    expect(result.bundle.entrypoints).toContain('mcp/pre')
  })

  test('leaves bytes alone that lie beside others', async () => {
    const archive = await starter()
    const shared = Buffer.concat([Buffer.from('before'), archive])
    const own = shared.subarray(6)
    await thread.open(own, terms, undefined)
    expect(own).toEqual(archive)
  })

  test('does not open an archive that is known', async () => {
    const archive = await starter()
    const { result } = await thread.open(archive, terms, digestOf(archive))
    expect(result).toEqual({ type: 'known' })
  })

  test('says what is wrong as the one that opens does, with the digest', async () => {
    const page = Buffer.from('<html>')
    const { digest, result } = await thread.open(Buffer.from(page), terms, undefined)
    expect(digest).toBe(digestOf(page))
    if (result.type !== 'refused') throw new Error(result.type)
    expect(result.error).toBeInstanceOf(PolicySupplyError)
    expect(result.error).toMatchObject({ fault: 'archive' })
    expect(result.error.message).toMatch(/HTML/)
  })

  test('prepares a policy that decides here, with the data of others beside its own', async () => {
    const bundle = await opened(thread, await starter())
    const people = await opened(thread, dataBundle('p', ['people'], { people: ['alice'] }))
    const prepared = await thread.prepare(bundle, [people.data], limits)
    expect(JSON.parse(Buffer.from(prepared.rego?.data ?? []).toString())).toMatchObject({
      people: ['alice'],
    })
    const patterns = createPatterns()
    const largeInput = { calls: 'deny', responses: 'deny' } as const
    const { revision, digest } = bundle
    const classify = () => 'unknown' as const
    const parts = { revision, digest, limits, largeInput, patterns, classify }
    const policy = await openPolicy(prepared, parts)
    const ping = policyInput({
      call: sampleCall('ping'),
      hook: 'pre',
      time: terms.now,
      inputHeaders: 'all',
    })
    const decision = policy.evaluate(ping)
    expect(decision).toMatchObject({ effect: 'allow' })
    await patterns.close()
    const again = await thread.prepare(bundle, [], limits)
    expect(again.rego?.module).toBeDefined()
  })

  test('refuses to prepare what cannot be', async () => {
    const bundle = await opened(thread, await starter())
    const bad = { ...bundle, wasm: Buffer.from('\0asm\x01\0\0\0', 'latin1') }
    expect((await refusal(thread.prepare(bad, [], limits))).fault).toMatch(/compile|check/)
    const broken = Buffer.from('{')
    expect(await refusal(thread.prepare(bundle, [broken], limits))).toMatchObject({
      fault: 'check',
    })
  })

  test('tries the cases of the bundle', async () => {
    const bundle = await opened(thread, await starter())
    const text = Buffer.from('cases: [{name: a, call: {tool: ')
    const cases = [{ name: 'cases/a.yaml', text }]
    const fault = await refusal(thread.prepare({ ...bundle, cases }, [], limits))
    expect(fault).toMatchObject({ fault: 'check' })
    expect(fault.message).toMatch(/cases\/a\.yaml/)
  })
})

describe('a thread that ends', () => {
  const entry = new URL('support/faulty-supply-thread.mjs', import.meta.url)
  const ask = (thread: SupplyThread, how: string) => thread.open(Buffer.from('archive'), terms, how)

  test.each([
    ['throw', /broke off/],
    ['exit', /ended \(exit code 3\)/],
    ['hang', /longer than 2 s/],
    ['fill', /out of memory/],
  ])('fails the job that it was at (%s), and the next begins another', async (how, message) => {
    const thread = threadWith({ entry, jobMs: 2000, heapMb: 32 })
    const { digest: first } = await ask(thread, 'well')
    const [fault, next] = await Promise.all([refusal(ask(thread, how)), ask(thread, 'well')])
    expect(fault).toMatchObject({ fault: 'check' })
    expect(fault.message).toMatch(message)
    expect(fault.message).toMatch(/The bundle was not loaded/)
    expect(next.digest).not.toBe(first)
  })

  test('because it has had no work for a while fails nothing', async () => {
    const thread = threadWith({ entry, idleMs: 1 })
    const { digest: first } = await ask(thread, 'well')
    await delay(20)
    expect((await ask(thread, 'well')).digest).not.toBe(first)
  })

  test('because it cannot be started fails the load', async () => {
    const thread = threadWith({ entry: new URL('no-such-thread.mjs', import.meta.url) })
    expect((await refusal(ask(thread, 'well'))).message).toMatch(/broke off/)
  })

  test('because the gateway does takes all its jobs with it', async () => {
    const thread = threadWith({ entry })
    const jobs = [ask(thread, 'hang'), ask(thread, 'well')].map(refusal)
    await delay(1)
    await thread.close()
    for (const fault of await Promise.all(jobs)) expect(fault.message).toMatch(/ended|shutting/)
    expect((await refusal(ask(thread, 'well'))).message).toMatch(/shutting down/)
  })
})
