import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, test } from 'vitest'
import { createDiskSource } from '../../src/bundles/disk-source.js'
import { digestOf } from '../../src/bundles/hash.js'
import { createHttpSource } from '../../src/bundles/http-source.js'
import type { BundleSource, Fetched } from '../../src/bundles/source.js'
import type { Bundle } from '../../src/domain/bundle.js'
import { PolicySupplyError } from '../../src/domain/errors.js'
import type { Policy } from '../../src/domain/ports.js'
import { compilePolicy } from '../../src/policy/compile.js'
import { createPatterns } from '../../src/policy/patterns.js'
import { bundleOf, emptyModule, manifestOf, tar, tarGz } from './archives.js'
import {
  absent,
  closeLoaders,
  loading,
  type LoadingOptions,
  maxBytes,
  memberOf,
  memorySource,
  namedPolicy,
  version,
} from './loading.js'

const hrBundle = fileURLToPath(new URL('../fixtures/bundles/hr.tar.gz', import.meta.url))
const cleanUps: (() => Promise<unknown> | undefined)[] = []

afterEach(async () => {
  await closeLoaders()
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

function load(source: BundleSource, options: LoadingOptions & { readonly sha256?: string } = {}) {
  const trust = { sha256: options.sha256, keys: [], requireSignature: false }
  return loading([memberOf(source, { trust })], options)
}

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-loader-'))
  cleanUps.push(() => rm(folder, { recursive: true }))
  return folder
}

describe('loading', () => {
  test('activates the bundle and says so', async () => {
    const archive = version('r7')
    const { source, accepted } = memorySource(() => archive)
    const { loader, outcomes, revision } = load(source)
    expect(loader.status()).toEqual({
      revision: undefined,
      digest: undefined,
      lastSuccess: undefined,
      lastError: undefined,
      bundles: [
        {
          name: 'policy',
          source: 'memory',
          inForce: undefined,
          lastSuccess: undefined,
          lastError: undefined,
        },
      ],
    })
    const digest = digestOf(archive)
    const outcome = {
      outcome: 'activated',
      revision: 'r7',
      digest,
      source: 'memory',
      error: '',
      bundles: [{ name: 'policy', revision: 'r7', digest }],
      older: [],
    }
    expect(await loader.start()).toEqual(outcome)
    expect(outcomes).toEqual([outcome])
    expect(revision()).toBe('r7')
    expect(accepted()).toBe(1)
    expect(loader.status()).toMatchObject({
      revision: 'r7',
      digest,
      lastSuccess: 1002,
      lastError: undefined,
      bundles: [{ inForce: { revision: 'r7', digest, signer: undefined, origin: 'source' } }],
    })
  })

  test('does not compile the bundle in force again', async () => {
    let compiled = 0
    const supplies: (Fetched | Buffer)[] = [version('r1'), version('r1'), { type: 'unchanged' }]
    const { source, accepted } = memorySource(() => supplies.shift() ?? { type: 'unchanged' })
    const { loader, active } = load(source, {
      compile: (bundle) => {
        compiled += 1
        return Promise.resolve(namedPolicy(bundle))
      },
    })
    await loader.start()
    const first = active.current()
    let before = loader.status().lastSuccess ?? 0
    for (const times of [2, 2]) {
      expect(await loader.reload()).toMatchObject({ outcome: 'unchanged', revision: 'r1' })
      expect(loader.status().lastSuccess).toBeGreaterThan(before)
      before = loader.status().lastSuccess ?? 0
      expect(accepted()).toBe(times)
    }
    expect(active.current()).toBe(first)
    expect(compiled).toBe(1)
  })

  test('takes the pinned bundle and refuses every other one', async () => {
    let bytes = version('r1')
    const { source } = memorySource(() => bytes)
    const { loader, revision } = load(source, { sha256: digestOf(bytes).toUpperCase() })
    expect(await loader.start()).toMatchObject({ outcome: 'activated' })
    bytes = version('r2')
    expect(await loader.reload()).toMatchObject({
      outcome: 'failed',
      fault: 'digest',
      digest: digestOf(bytes),
      error: expect.stringMatching(/want .* got /) as string,
    })
    expect(revision()).toBe('r1')
  })

  test('lets go of a policy once another is in force', async () => {
    const retired: string[] = []
    let bytes = version('r1')
    const { source } = memorySource(() => bytes)
    const { loader, active } = load(source, {
      compile: (bundle) =>
        Promise.resolve({
          ...namedPolicy(bundle),
          retire: () => retired.push(bundle.revision),
        }),
    })
    await loader.start()
    bytes = version('r2')
    const before = active.current()
    await loader.reload()
    if (before.state === 'active') before.policy.retire()
    expect(new Set(retired)).toEqual(new Set(['r1']))
  })
})

describe('a bundle that cannot be used leaves the last good one in force', () => {
  const big = Buffer.alloc(8 * maxBytes)
  const module = { name: 'policy.wasm', content: emptyModule }
  const folder = tar([{ name: 'x/', type: '5' }]).subarray(0, 512)

  test.each<[string, Buffer, string, RegExp]>([
    ['zeros without end', tarGz([{ ...module, content: big }]), 'archive', /unpacks to more/],
    [
      'too many entries',
      gzipSync(Buffer.alloc(10_001 * 512, folder)),
      'archive',
      /unpacks|entries/,
    ],
    ['a way out', tarGz([module, { name: '../x' }]), 'archive', /leads out/],
    ['an absolute way out', tarGz([module, { name: '/../x' }]), 'archive', /leads out/],
    ['a symbolic link', tarGz([{ ...module, type: '2' }]), 'archive', /link/],
    ['a hard link', tarGz([{ ...module, type: '1' }]), 'archive', /link/],
    ['an entry twice', tarGz([module, module]), 'archive', /two entries/],
    ['a cut off gzip', version('r2').subarray(0, 200), 'archive', /cut off/],
    ['garbage', Buffer.from('garbage'), 'archive', /begins with the bytes/],
    ['a page', Buffer.from('<html>Sign in'), 'archive', /HTML/],
    [
      'data outside its roots',
      bundleOf({ '.manifest': manifestOf({ roots: ['mcp'] }), 'data.json': '{"a":1}' }),
      'check',
      /outside/,
    ],
    ['a key twice', bundleOf({ 'data.json': '{"a":1,"a":1}' }), 'check', /data\.json/],
    [
      'no policy at all',
      tarGz([
        { name: '.manifest', content: '{"revision":"r2","roots":["a"]}' },
        { name: 'data.json', content: '{"a":1}' },
      ]),
      'check',
      /data and no policy/,
    ],
  ])('with %s', async (_, archive, fault, message) => {
    let bytes = version('r1')
    const { source, accepted } = memorySource(() => bytes)
    const { loader, revision } = load(source)
    await loader.start()
    bytes = archive
    const outcome = await loader.reload()
    expect(outcome).toMatchObject({ outcome: 'failed', fault, digest: digestOf(archive) })
    expect(outcome.error).toMatch(message)
    const lastError = { fault, message: outcome.error }
    expect(loader.status()).toMatchObject({
      revision: 'r1',
      lastError,
      bundles: [{ inForce: { revision: 'r1' }, lastError }],
    })
    expect(revision()).toBe('r1')
    expect(accepted()).toBe(1)
    bytes = version('r3')
    expect(await loader.reload()).toMatchObject({ outcome: 'activated', revision: 'r3' })
    expect(loader.status().lastError).toBeUndefined()
  })

  test('when it does not compile, and when its source is gone', async () => {
    let supply = (): Buffer => version('r1')
    const { source } = memorySource(() => supply())
    const { loader, revision } = load(source, {
      compile: (bundle) =>
        bundle.revision === 'bad'
          ? Promise.reject(new PolicySupplyError('compile', 'no'))
          : Promise.resolve(namedPolicy(bundle)),
    })
    await loader.start()
    supply = () => version('bad')
    expect(await loader.reload()).toMatchObject({ fault: 'compile', revision: 'bad', error: 'no' })
    supply = () => absent('gone')
    expect(await loader.reload()).toMatchObject({ fault: 'absent', revision: '', digest: '' })
    expect(revision()).toBe('r1')
  })

  test('when something breaks that nobody thought of, of which only the log hears', async () => {
    let bytes = version('r1')
    const { source } = memorySource(() => bytes)
    const cause = new Error('secret')
    const { loader, revision } = load(source, {
      compile: (bundle) =>
        bundle.revision === 'r1' ? Promise.resolve(namedPolicy(bundle)) : Promise.reject(cause),
      report: () => {
        throw new Error('the log is full')
      },
    })
    await loader.start()
    bytes = version('r2')
    const outcome = await loader.reload()
    expect(outcome).toMatchObject({ outcome: 'failed', fault: 'check', cause })
    expect(outcome.error).not.toContain('secret')
    expect(revision()).toBe('r1')
  })
})

describe('a source that says what it has is still what was accepted', () => {
  test('is not told that something was accepted which it gave in between', async () => {
    const supplies: (Fetched | Buffer)[] = [version('r1'), Buffer.from('bad')]
    const { source, accepted } = memorySource(() => supplies.shift() ?? { type: 'unchanged' })
    const { loader } = load(source)
    await loader.start()
    await loader.reload()
    expect(await loader.reload()).toMatchObject({ outcome: 'unchanged' })
    expect(accepted()).toBe(1)
  })

  test('is no success where nothing is in force', async () => {
    const { source } = memorySource(() => ({ type: 'unchanged' }))
    expect(await load(source).loader.start()).toMatchObject({ outcome: 'failed', fault: 'absent' })
  })
})

test('without a bundle policy is absent, and refused once there was a bad one', async () => {
  let supply: () => Buffer = () => absent()
  const { source } = memorySource(() => supply())
  const { loader, active } = load(source)
  await loader.start()
  expect(active.current()).toEqual({ state: 'absent', message: 'nothing there' })
  supply = () => Buffer.from('garbage')
  await loader.reload()
  expect(active.current()).toMatchObject({ state: 'refused', fault: 'archive' })
  supply = () => absent()
  await loader.reload()
  expect(active.current()).toMatchObject({ state: 'refused', fault: 'archive' })
  expect(loader.status().lastError).toMatchObject({ fault: 'absent' })
  supply = () => version('r1')
  await loader.reload()
  expect(active.current()).toMatchObject({ state: 'active' })
})

describe('loads asked for at the same time', () => {
  test('never overlap, and share one that begins afterwards and sees the newest', async () => {
    const waiting: (() => void)[] = []
    let fetching: () => void = () => undefined
    let running = 0
    let newest = 'r1'
    const { source, change } = memorySource(async () => {
      running += 1
      expect(running).toBe(1)
      const bytes = version(newest)
      fetching()
      await new Promise<void>((resolve) => waiting.push(resolve))
      running -= 1
      return bytes
    })
    const untilFetch = (): Promise<void> => new Promise((resolve) => (fetching = resolve))
    const { loader, outcomes, revision } = load(source)
    const begun = untilFetch()
    const first = loader.start()
    await begun
    newest = 'r2'
    const second = loader.reload()
    change()
    newest = 'r3'
    const third = loader.reload()
    const again = untilFetch()
    waiting.shift()?.()
    expect(await first).toMatchObject({ revision: 'r1' })
    await again
    waiting.shift()?.()
    expect(await second).toMatchObject({ outcome: 'activated', revision: 'r3' })
    expect(await third).toBe(await second)
    expect(outcomes.map((outcome) => outcome.revision)).toEqual(['r1', 'r3'])
    expect(revision()).toBe('r3')
  })

  test('activate nothing once the loader is closed', async () => {
    const { source } = memorySource(() => version('r1'))
    let compiled: (policy: Policy) => void = () => undefined
    let begin: (bundle: Bundle) => void = () => undefined
    const begun = new Promise<Bundle>((resolve) => (begin = resolve))
    const { loader, active, outcomes } = load(source, {
      compile: (bundle) => {
        begin(bundle)
        return new Promise((resolve) => (compiled = resolve))
      },
    })
    const started = loader.start()
    const bundle = await begun
    const closed = loader.close()
    compiled(namedPolicy(bundle))
    await closed
    expect(await started).toMatchObject({
      outcome: 'failed',
      error: expect.stringContaining('shutting down') as string,
    })
    expect(active.current().state).toBe('absent')
    expect(outcomes).toEqual([])
  })
})

describe('with the real parts', () => {
  test('a bundle that OPA built is compiled, and a change on disk is followed', async () => {
    const folder = await temporaryFolder()
    const file = join(folder, 'bundle.tar.gz')
    await writeFile(file, await readFile(hrBundle))
    const patterns = createPatterns()
    cleanUps.push(() => patterns.close())
    const { loader, active, revision, untilReport } = load(
      createDiskSource({ path: file, maxBytes }),
      {
        compile: (bundle) =>
          compilePolicy(bundle, {
            patterns,
            classify: () => 'unknown',
            limits: { maxInputBytes: maxBytes, budgetMs: 1000 },
            largeInput: { calls: 'deny', responses: 'deny' },
          }),
      },
    )
    expect(await loader.start()).toMatchObject({ outcome: 'activated', revision: 'hr-1' })
    expect(active.current()).toMatchObject({
      policy: { hooks: { pre: true, post: false, list: true } },
    })
    await writeFile(join(folder, 'next'), version('no policy'))
    await rename(join(folder, 'next'), file)
    await untilReport(({ outcome }) => outcome === 'failed')
    expect(revision()).toBe('hr-1')
  })

  test('a file that is written slowly ends up in force without another change', async () => {
    const file = join(await temporaryFolder(), 'bundle.tar.gz')
    await writeFile(file, version('r1'))
    const { loader, revision, untilReport } = load(createDiskSource({ path: file, maxBytes }))
    await loader.start()
    const next = version('r2')
    await writeFile(file, next.subarray(0, 100))
    await untilReport(({ outcome }) => outcome === 'failed')
    expect(revision()).toBe('r1')
    await writeFile(file, next.subarray(100), { flag: 'a' })
    await untilReport((outcome) => outcome.revision === 'r2')
    expect(revision()).toBe('r2')
  })

  test('a bad bundle over HTTP is fetched again at each poll, a good one only once', async () => {
    let bytes: Buffer = Buffer.from('<html>')
    const statuses: number[] = []
    const server = createServer((request, response) => {
      const etag = `"${digestOf(bytes)}"`
      const status = request.headers['if-none-match'] === etag ? 304 : 200
      statuses.push(status)
      response.writeHead(status, { etag }).end(status === 200 ? bytes : undefined)
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    cleanUps.push(async () => {
      server.closeAllConnections()
      await once(server.close(), 'close')
    })
    const source = createHttpSource({
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
      token: undefined,
      ca: undefined,
      maxBytes,
      pollSec: 0,
      longPollSec: 0,
      version: '1.2.3',
    })
    const { loader } = load(source)
    expect(await loader.start()).toMatchObject({ outcome: 'failed', fault: 'archive' })
    expect(await loader.reload()).toMatchObject({ outcome: 'failed', fault: 'archive' })
    bytes = version('r1')
    expect(await loader.reload()).toMatchObject({ outcome: 'activated' })
    expect(await loader.reload()).toMatchObject({ outcome: 'unchanged', revision: 'r1' })
    expect(statuses).toEqual([200, 200, 200, 304])
  })
})
