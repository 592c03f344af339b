import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createLedger } from '../../src/bundles/ledger.js'
import { digestOf } from '../../src/bundles/hash.js'
import { openArchive } from '../../src/bundles/opened.js'
import type { OfferParts } from '../../src/bundles/offers.js'
import type { Bundle } from '../../src/domain/bundle.js'
import { PolicySupplyError } from '../../src/domain/errors.js'
import { absent, closeLoaders, loading, memberOf, memorySource, version } from './loading.js'

let folder = ''

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portcullis-ledger-'))
})

afterEach(async () => {
  await closeLoaders()
  await rm(folder, { recursive: true })
})

/** A bundle as far as the ledger reads it. */
function bundleWith(age: { iat?: number | undefined; serial?: unknown; unsigned?: true }): Bundle {
  const { iat, serial, unsigned } = age
  return {
    revision: 'r',
    digest: 'd',
    roots: [''],
    wasm: undefined,
    entrypoints: [],
    data: Buffer.from('{}'),
    metadata: serial === undefined ? {} : { serial },
    rules: [],
    schemas: [],
    cases: [],
    signer:
      unsigned === true ? undefined : { keyId: 'k', algorithm: 'ES256', scope: '', issuedAt: iat },
    sizes: { archive: 0, unpacked: 0, entries: 0 },
  }
}

type Age = Parameters<typeof bundleWith>[0]

const forward = { folder: undefined, allowRollback: false }

async function refusal(work: Promise<unknown>): Promise<PolicySupplyError> {
  const thrown: unknown = await work.catch((fault: unknown) => fault)
  if (thrown instanceof PolicySupplyError) return thrown
  throw new Error('not refused')
}

describe('after a bundle that was accepted', () => {
  test.each<[string, Age, Age]>([
    ['the same', { iat: 100, serial: 5 }, { iat: 100, serial: 5 }],
    ['a newer signature', { iat: 100 }, { iat: 101 }],
    ['a higher serial', { serial: 5 }, { serial: 6 }],
    ['a newer signature without a serial', { iat: 100, serial: 5 }, { iat: 101 }],
    ['anything after nothing that can be believed', { unsigned: true, serial: 9 }, { serial: 1 }],
    ['one that says nothing after one that said nothing', {}, {}],
  ])('%s may follow', async (_, first, second) => {
    const ledger = createLedger(forward)
    await ledger.accept('policy', bundleWith(first), false)
    expect(await ledger.isOlder('policy', bundleWith(second), false)).toBe(false)
  })

  test.each<[string, Age, Age, RegExp]>([
    [
      'an older signature',
      { iat: 100 },
      { iat: 99 },
      /signed iat is 99 \(1970-01-01T00:01:39\.000Z\), and it was 100 \(/,
    ],
    ['a lower serial', { serial: 5 }, { serial: 4 }, /metadata\.serial is 4, and it was 5/],
    [
      'an old serial that was signed again',
      { iat: 100, serial: 5 },
      { iat: 200, serial: 4 },
      /metadata\.serial is 4/,
    ],
    [
      'an old signature of a high serial',
      { iat: 100, serial: 5 },
      { iat: 50, serial: 6 },
      /signed iat is 50/,
    ],
    [
      'one that says nothing',
      { iat: 100, serial: 5 },
      {},
      /had signed iat 100 \(.*\) and metadata\.serial 5/,
    ],
    ['one that says something else', { iat: 100 }, { serial: 9 }, /had signed iat 100/],
    ['one that nobody signed', { iat: 100 }, { unsigned: true, serial: 9 }, /had signed iat 100/],
  ])('%s may not', async (_, first, second, message) => {
    const ledger = createLedger(forward)
    await ledger.accept('policy', bundleWith(first), false)
    const fault = await refusal(ledger.isOlder('policy', bundleWith(second), false))
    expect(fault.fault).toBe('signature')
    expect(fault.message).toMatch(message)
    expect(fault.message).toContain('POLICY_ALLOW_ROLLBACK=true')
  })

  test('each bundle of a set has an age of its own', async () => {
    const ledger = createLedger(forward)
    await ledger.accept('org', bundleWith({ iat: 100 }), false)
    expect(await ledger.isOlder('team', bundleWith({ iat: 1 }), false)).toBe(false)
  })

  test('a value that one of them left out still counts', async () => {
    const ledger = createLedger(forward)
    await ledger.accept('policy', bundleWith({ iat: 100, serial: 5 }), false)
    await ledger.accept('policy', bundleWith({ iat: 200 }), false)
    await refusal(ledger.isOlder('policy', bundleWith({ serial: 4 }), false))
  })
})

test('a serial counts where the bundle is pinned, signed or not', async () => {
  const ledger = createLedger(forward)
  await ledger.accept('policy', bundleWith({ unsigned: true, serial: 5 }), true)
  await refusal(ledger.isOlder('policy', bundleWith({ unsigned: true, serial: 4 }), true))
})

test.each([1.5, '7', 2 ** 53, null, {}])('a serial of %j is refused', async (serial) => {
  const fault = await refusal(
    createLedger(forward).isOlder('policy', bundleWith({ serial }), false),
  )
  expect(fault).toMatchObject({ fault: 'check' })
  expect(fault.message).toMatch(/whole number/)
  const unsigned = bundleWith({ serial, unsigned: true })
  expect(await createLedger(forward).isOlder('policy', unsigned, false)).toBe(false)
})

describe('what was accepted', () => {
  test('is known after a restart, and to other processes', async () => {
    const here = createLedger({ folder, allowRollback: false })
    const there = createLedger({ folder, allowRollback: false })
    await here.accept('policy', bundleWith({ iat: 100 }), false)
    await refusal(there.isOlder('policy', bundleWith({ iat: 99 }), false))
    await there.accept('policy', bundleWith({ iat: 300 }), false)
    await here.accept('policy', bundleWith({ iat: 200 }), false)
    const after = createLedger({ folder, allowRollback: false })
    await refusal(after.isOlder('policy', bundleWith({ iat: 299 }), false))
    const [file = ''] = await readdir(folder)
    expect((await stat(join(folder, file))).mode & 0o777).toBe(0o600)
  })

  test('is known to this process even where it was not written', async () => {
    await rm(folder, { recursive: true })
    await writeFile(folder, 'no folder')
    const ledger = createLedger({ folder, allowRollback: false })
    await expect(ledger.accept('policy', bundleWith({ iat: 100 }), false)).rejects.toThrow()
    await refusal(ledger.isOlder('policy', bundleWith({ iat: 99 }), false))
  })

  test('is not forgotten when its file is deleted under a running process', async () => {
    const ledger = createLedger({ folder, allowRollback: false })
    await ledger.accept('policy', bundleWith({ iat: 100 }), false)
    for (const file of await readdir(folder)) await rm(join(folder, file))
    await refusal(ledger.isOlder('policy', bundleWith({ iat: 99 }), false))
  })

  test.each([
    '',
    '{',
    'null',
    '[]',
    '{"bundle":"policy","issued_at":"1"}',
    '{"bundle":"policy","x":1}',
  ])(
    'cannot be told from a damaged record %j, so nothing is accepted on top of it',
    async (text) => {
      await createLedger({ folder, allowRollback: false }).accept(
        'policy',
        bundleWith({ iat: 100 }),
        false,
      )
      const [name = ''] = await readdir(folder)
      const file = join(folder, name)
      await writeFile(file, text)
      const ledger = createLedger({ folder, allowRollback: false })
      const fault = await refusal(ledger.isOlder('policy', bundleWith({ iat: 200 }), false))
      expect(fault).toMatchObject({ fault: 'signature' })
      expect(fault.message).toContain(`${file}, cannot be read`)
      expect(fault.message).toContain('delete it')
      await rm(file)
      expect(await ledger.isOlder('policy', bundleWith({ iat: 200 }), false)).toBe(false)
    },
  )
})

test.each(['a pipe', 'a device'])('%s in place of a record is a damaged one', async (what) => {
  const before = createLedger({ folder, allowRollback: false })
  await before.accept('policy', bundleWith({ iat: 100 }), false)
  const [name = ''] = await readdir(folder)
  const file = join(folder, name)
  await rm(file)
  if (what === 'a pipe') await promisify(execFile)('mkfifo', [file])
  else await symlink('/dev/zero', file)
  const ledger = createLedger({ folder, allowRollback: false })
  const fault = await refusal(ledger.isOlder('policy', bundleWith({ iat: 200 }), false))
  expect(fault.message).toContain(`${file}, cannot be read`)
})

describe('where the operator allows to go back', () => {
  test('an older bundle is accepted, and what is newer than it may follow', async () => {
    const strict = createLedger({ folder, allowRollback: false })
    await strict.accept('policy', bundleWith({ iat: 100, serial: 5 }), false)
    const lenient = createLedger({ folder, allowRollback: true })
    const older = bundleWith({ iat: 50, serial: 4 })
    expect(await lenient.isOlder('policy', older, false)).toBe(true)
    await lenient.accept('policy', older, false)
    const after = createLedger({ folder, allowRollback: false })
    expect(await after.isOlder('policy', bundleWith({ iat: 60, serial: 4 }), false)).toBe(false)
    await refusal(after.isOlder('policy', bundleWith({ iat: 49 }), false))
  })

  test('a newer bundle is no going back', async () => {
    const ledger = createLedger({ folder, allowRollback: true })
    await ledger.accept('policy', bundleWith({ iat: 100 }), false)
    expect(await ledger.isOlder('policy', bundleWith({ iat: 101 }), false)).toBe(false)
  })

  test('a damaged record is written anew', async () => {
    await createLedger({ folder, allowRollback: false }).accept('p', bundleWith({ iat: 1 }), false)
    const [name = ''] = await readdir(folder)
    await writeFile(join(folder, name), 'damaged')
    const ledger = createLedger({ folder, allowRollback: true })
    expect(await ledger.isOlder('p', bundleWith({ iat: 50 }), false)).toBe(true)
    await ledger.accept('p', bundleWith({ iat: 50 }), false)
    expect(JSON.parse(await readFile(join(folder, name), 'utf8'))).toEqual({
      bundle: 'p',
      issued_at: 50,
    })
  })
})

describe('a loader', () => {
  /** As if whoever made the archive had signed it at the time that its revision says. */
  const open: OfferParts['open'] = async (archive, terms, known) => {
    const opened = await openArchive(archive, terms, known)
    if (opened.result.type !== 'bundle') return opened
    const { bundle } = opened.result
    const signer = bundleWith({ iat: Number(bundle.revision) }).signer
    return { ...opened, result: { type: 'bundle', bundle: { ...bundle, signer } } }
  }

  function start(supply: () => Buffer, allowRollback = false) {
    const { source } = memorySource(supply)
    return loading([memberOf(source)], { folder, allowRollback, open })
  }

  test('refuses an older bundle, now and after a restart, and the last good one stays', async () => {
    let archive = version('100')
    const first = start(() => archive)
    await first.loader.start()
    archive = version('99')
    expect(await first.loader.reload()).toMatchObject({
      outcome: 'failed',
      fault: 'signature',
      revision: '99',
      digest: digestOf(archive),
    })
    expect(first.revision()).toBe('100')
    await first.loader.close()
    const second = start(() => archive)
    expect(await second.loader.start()).toMatchObject({ revision: '100', outcome: 'activated' })
    expect(second.outcomes).toMatchObject([{ fault: 'signature' }, { outcome: 'activated' }])
  })

  test('goes back where that is allowed, and says so', async () => {
    let archive = version('100')
    const { loader, revision } = start(() => archive, true)
    expect(await loader.start()).toMatchObject({ older: [] })
    archive = version('99')
    expect(await loader.reload()).toMatchObject({ outcome: 'activated', older: ['policy'] })
    expect(revision()).toBe('99')
    await loader.close()
    const after = start(() => absent())
    expect(await after.loader.start()).toMatchObject({ revision: '99', older: [] })
  })

  test('takes a kept bundle no more than any other that is older', async () => {
    const { loader } = start(() => version('100'))
    await loader.start()
    await loader.close()
    await createLedger({ folder, allowRollback: false }).accept(
      'policy',
      bundleWith({ iat: 101 }),
      false,
    )
    const after = start(() => absent('gone'))
    expect(await after.loader.start()).toMatchObject({
      outcome: 'failed',
      fault: 'signature',
      error: expect.stringMatching(/^gone\. The copy in the cache .* it was 101/) as string,
    })
    expect(after.active.current()).toMatchObject({ state: 'refused' })
  })
})
