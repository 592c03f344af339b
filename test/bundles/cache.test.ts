import { execFile } from 'node:child_process'
import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createBundleCache } from '../../src/bundles/cache.js'
import { digestOf } from '../../src/bundles/hash.js'
import type { Trust } from '../../src/bundles/members.js'
import type { BundleSource } from '../../src/bundles/source.js'
import { PolicySupplyError } from '../../src/domain/errors.js'
import {
  absent,
  closeLoaders,
  dataBundle,
  loading,
  type LoadingOptions,
  memberOf,
  memorySource,
  namedPolicy,
  version,
} from './loading.js'

let folder = ''

beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'portcullis-cache-')), 'kept')
})

afterEach(async () => {
  await closeLoaders()
  await rm(join(folder, '..'), { recursive: true })
})

const trusting: Trust = { sha256: undefined, keys: [], requireSignature: false }

/** One process after the other, with a source that gives what `supply` makes then. */
function start(supply: () => Buffer, options: LoadingOptions & { readonly trust?: Trust } = {}) {
  const memory = memorySource(supply)
  const { trust = trusting } = options
  return { ...memory, ...loading([memberOf(memory.source, { trust })], { folder, ...options }) }
}

async function keep(archive: Buffer): Promise<void> {
  const { loader } = start(() => archive)
  await loader.start()
  await loader.close()
}

async function onlyFile(): Promise<string> {
  const names = await readdir(folder)
  expect(names).toHaveLength(1)
  return join(folder, names[0] ?? '')
}

describe('the last good bundle', () => {
  test('is kept for its owner alone, and nothing lies beside it', async () => {
    await keep(version('r1'))
    const file = await onlyFile()
    expect(await readFile(file)).toEqual(version('r1'))
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect((await stat(folder)).mode & 0o777).toBe(0o700)
  })

  test('is replaced by each one that comes into force, and by no other', async () => {
    let archive = version('r1')
    const { loader } = start(() => archive)
    await loader.start()
    archive = version('r2')
    await loader.reload()
    archive = Buffer.from('<html>')
    await loader.reload()
    expect(await readFile(await onlyFile())).toEqual(version('r2'))
  })

  test('is used while its source has nothing, and says so until the source is back', async () => {
    await keep(version('r1'))
    let supply = (): Buffer => absent('no server')
    const { loader, revision, outcomes, accepted } = start(() => supply())
    expect(await loader.start()).toMatchObject({
      outcome: 'activated',
      revision: 'r1',
      source: 'memory (from the cache)',
    })
    expect(outcomes.map(({ outcome, error }) => [outcome, error])).toEqual([
      ['failed', 'no server'],
      ['activated', ''],
    ])
    expect(revision()).toBe('r1')
    expect(accepted()).toBe(0)
    expect(loader.status()).toMatchObject({
      lastSuccess: undefined,
      lastError: { fault: 'absent', message: 'no server' },
      bundles: [{ inForce: { revision: 'r1', origin: 'cache' } }],
    })
    supply = () => version('r1')
    expect(await loader.reload()).toMatchObject({ outcome: 'unchanged', source: 'memory' })
    expect(accepted()).toBe(1)
    expect(loader.status()).toMatchObject({
      lastError: undefined,
      bundles: [{ inForce: { origin: 'source' } }],
    })
  })

  test.each<[string, Buffer]>([
    ['is no bundle', Buffer.from('<html>')],
    ['is cut off', version('r2').subarray(0, 100)],
    ['does not compile', version('bad')],
    ['has no policy', dataBundle('r2', ['a'], {})],
  ])('stays over a restart where what the source gives %s', async (_, archive) => {
    await keep(version('r1'))
    const { loader, revision, active } = start(() => archive, {
      compile: (bundle) =>
        bundle.revision === 'bad'
          ? Promise.reject(new PolicySupplyError('compile', 'no'))
          : Promise.resolve(namedPolicy(bundle)),
    })
    expect(await loader.start()).toMatchObject({ outcome: 'activated', revision: 'r1' })
    expect(active.current().state).toBe('active')
    expect(loader.status().lastError?.message).not.toBe('')
    expect(await loader.reload()).toMatchObject({ outcome: 'failed' })
    expect(revision()).toBe('r1')
    expect(await readFile(await onlyFile())).toEqual(version('r1'))
  })

  test('stands in for a source that is slow, which is waited for from then on', async () => {
    await keep(version('r1'))
    const patiences: boolean[] = []
    let answer: () => void = () => undefined
    const source: BundleSource = {
      ...memorySource(() => version('r2')).source,
      fetch: (signal) =>
        new Promise((resolve, reject) => {
          signal.addEventListener('abort', () => {
            patiences.push(signal.reason instanceof DOMException)
            reject(new PolicySupplyError('absent', 'did not answer in time'))
          })
          answer = () => resolve({ type: 'archive', bytes: version('r2') })
        }),
    }
    const { loader, revision } = loading([memberOf(source)], { folder, patienceMs: 10 })
    expect(await loader.start()).toMatchObject({ outcome: 'activated', revision: 'r1' })
    expect(loader.status().bundles).toMatchObject([
      { inForce: { origin: 'cache' }, lastError: { message: 'did not answer in time' } },
    ])
    const reloading = loader.reload()
    await new Promise((resolve) => setImmediate(resolve))
    answer()
    expect(await reloading).toMatchObject({ outcome: 'activated' })
    expect([revision(), patiences]).toEqual(['r2', [true]])
  })

  test('is not read again once something is in force', async () => {
    await keep(version('r0'))
    let supply = (): Buffer => version('r1')
    const { loader, revision } = start(() => supply())
    await loader.start()
    supply = () => absent()
    expect(await loader.reload()).toMatchObject({ outcome: 'failed' })
    expect(revision()).toBe('r1')
  })

  test('stands in for one member of a set, and the others come from their sources', async () => {
    const roots = { roots: ['mcp'] }
    const supplies = { org: () => version('o1', roots), team: () => version('t1', roots) }
    const boot = () =>
      loading(
        [
          memberOf(memorySource(() => supplies.org(), '/org').source, { name: 'org' }),
          memberOf(memorySource(() => supplies.team(), '/team').source, { name: 'team' }),
        ],
        { folder },
      )
    const first = boot()
    await first.loader.start()
    await first.loader.close()
    supplies.org = () => absent('gone')
    supplies.team = () => version('t2', roots)
    const second = boot()
    expect(await second.loader.start()).toMatchObject({
      outcome: 'activated',
      source: '/org (from the cache), /team',
      bundles: [{ revision: 'o1' }, { revision: 't2' }],
    })
  })
})

describe('a kept bundle is trusted no more than any other', () => {
  test.each<[string, Trust, string, RegExp]>([
    ['the digest', { ...trusting, sha256: '0'.repeat(64) }, 'digest', /not the pinned one/],
    ['the signature', { ...trusting, requireSignature: true }, 'signature', /sign/],
  ])('%s is checked as configuration has it now', async (_, trust, fault, message) => {
    await keep(version('r1'))
    const { loader, active } = start(() => absent('no server'), { trust })
    expect(await loader.start()).toMatchObject({ outcome: 'failed', fault })
    expect(active.current()).toMatchObject({ state: 'refused' })
    expect(loader.status().lastError?.message).toMatch(/^no server\. The copy in the cache/)
    expect(loader.status().lastError?.message).toMatch(message)
  })

  test('a damaged one is told of, and fails closed while nothing else is there', async () => {
    await keep(version('r1'))
    await writeFile(await onlyFile(), 'damaged')
    let supply = (): Buffer => absent('no server')
    const { loader, active } = start(() => supply())
    expect(await loader.start()).toMatchObject({ fault: 'archive' })
    expect(active.current()).toMatchObject({ state: 'refused' })
    supply = () => version('r2')
    expect(await loader.reload()).toMatchObject({ outcome: 'activated' })
    expect(await readFile(await onlyFile())).toEqual(version('r2'))
  })

  test('one over the limit is not read', async () => {
    await keep(version('r1'))
    await writeFile(await onlyFile(), Buffer.alloc(2 * 1024 * 1024))
    const { loader } = start(() => absent('no server'))
    expect((await loader.start()).error).toMatch(/over the limit/)
  })

  test.each(['a pipe', 'a device', 'a folder'])(
    'what is %s in its place is not read, and fails closed',
    async (what) => {
      await keep(version('r1'))
      const file = await onlyFile()
      await rm(file)
      if (what === 'a pipe') await promisify(execFile)('mkfifo', [file])
      else if (what === 'a device') await symlink('/dev/zero', file)
      else await mkdir(file)
      const { loader, active } = start(() => absent('no server'))
      expect(await loader.start()).toMatchObject({
        fault: 'archive',
        error: expect.stringMatching(/is not a regular file/) as string,
      })
      expect(active.current()).toMatchObject({ state: 'refused' })
    },
  )

  test('where nothing is kept, policy is absent', async () => {
    const { loader, active } = start(() => absent('no server'))
    await loader.start()
    expect(active.current()).toEqual({ state: 'absent', message: 'no server' })
  })
})

describe('a cache that cannot be written', () => {
  test('is told of, and the load goes on', async () => {
    await writeFile(folder, 'a file where the folder should be')
    const { loader, revision, keepingFaults } = start(() => version('r1'))
    expect(await loader.start()).toMatchObject({ outcome: 'activated' })
    expect(revision()).toBe('r1')
    expect(keepingFaults).toMatchObject([{ bundle: 'policy', what: 'bundle' }])
  })

  test('is tried again when the same bundle is fetched again', async () => {
    await writeFile(folder, 'a file where the folder should be')
    const { loader, keepingFaults } = start(() => version('r1'))
    await loader.start()
    await rm(folder)
    expect(await loader.reload()).toMatchObject({ outcome: 'unchanged' })
    expect(await readFile(await onlyFile())).toEqual(version('r1'))
    expect(keepingFaults).toHaveLength(1)
  })
})

describe('a file of the cache', () => {
  test.each(['../../escape', 'a/b', '..', '', 'HR', 'hr', 'h r', 'ü', 'x'.repeat(300), 'a\0b'])(
    'has a safe name of its own for a bundle named %j',
    async (name) => {
      const cache = createBundleCache(folder, 1000)
      await cache.keep(name, Buffer.from(name))
      expect(await cache.read(name)).toEqual(Buffer.from(name))
      const [file = ''] = await readdir(folder)
      expect(file).toMatch(/^[A-Za-z0-9_-]{0,40}-[0-9a-f]{16}\.tar\.gz$/)
    },
  )

  test('is another for names that differ in case only', async () => {
    const cache = createBundleCache(folder, 1000)
    for (const name of ['HR', 'hr', 'h_r', 'h r']) await cache.keep(name, Buffer.from(name))
    const names = (await readdir(folder)).map((name) => name.toLowerCase())
    expect(new Set(names).size).toBe(4)
  })

  test('that a process was killed over is removed once it is old', async () => {
    const cache = createBundleCache(folder, 1000)
    await cache.keep('policy', Buffer.from('one'))
    const [file = ''] = await readdir(folder)
    const [old, young] = [`.${file}.old`, `.${file}.young`]
    await writeFile(join(folder, old), 'x')
    await writeFile(join(folder, young), 'x')
    await utimes(join(folder, old), 0, 0)
    await cache.keep('policy', Buffer.from('two'))
    expect((await readdir(folder)).sort()).toEqual([young, file].sort())
  })

  test('is never seen half written, however many processes write it', async () => {
    const script = `
      const { createBundleCache } = await import(${JSON.stringify(new URL('../../dist/bundles/cache.js', import.meta.url).href)})
      const cache = createBundleCache(process.argv[1], 1 << 24)
      for (let round = 0; round < 20; round++) await cache.keep('policy', Buffer.alloc(1 << 18, process.argv[2]))
    `
    const writer = (letter: string) =>
      promisify(execFile)(process.execPath, ['--input-type=module', '-e', script, folder, letter])
    const written = new AbortController()
    const writers = Promise.all(['a', 'b'].map(writer)).finally(() => written.abort())
    const cache = createBundleCache(folder, 1 << 24)
    const digests = ['a', 'b'].map((letter) => digestOf(Buffer.alloc(1 << 18, letter)))
    while (!written.signal.aborted) {
      const read = await cache.read('policy')
      if (read !== undefined) expect(digests).toContain(digestOf(read))
    }
    await writers
    await onlyFile()
  })
})
