import { mkdir, mkdtemp, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createDiskSource } from '../../src/bundles/disk-source.js'
import type { BundleSource } from '../../src/bundles/source.js'

let folder: string
let source: BundleSource | undefined
const never = new AbortController().signal

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'portcullis-disk-')))
})

afterEach(async () => {
  await source?.close()
  source = undefined
  await rm(folder, { recursive: true, force: true })
})

function sourceOf(path: string, maxBytes = 1000, lookMs?: number): BundleSource {
  source = createDiskSource({ path, maxBytes, ...(lookMs === undefined ? {} : { lookMs }) })
  return source
}

async function textOf(from: BundleSource): Promise<string> {
  const fetched = await from.fetch(never)
  return fetched.type === 'archive' ? fetched.bytes.toString() : 'unchanged'
}

/** Watches and reads at each event, as the loader does; `until` resolves when a text was read. */
function follow(from: BundleSource) {
  const texts: string[] = []
  const waiting = new Map<string, () => void>()
  let reading = Promise.resolve()
  from.watch(() => {
    reading = reading.then(async () => {
      const text = await textOf(from).catch(String)
      texts.push(text)
      waiting.get(text)?.()
    })
  })
  return {
    texts,
    until: (text: string) =>
      new Promise<void>((resolve) => {
        if (texts.includes(text)) resolve()
        waiting.set(text, resolve)
      }),
  }
}

describe('fetching from disk', () => {
  test('gives the file, or the bundle.tar.gz of a folder', async () => {
    const file = join(folder, 'bundle.tar.gz')
    await writeFile(file, 'one')
    expect(await textOf(sourceOf(file))).toBe('one')
    expect(await textOf(sourceOf(folder))).toBe('one')
    expect(sourceOf(file).name).toBe(file)
  })

  test.each(['policy.rego', 'policy.wasm', '.manifest'])(
    'says what to do with a folder that has %s and no bundle',
    async (name) => {
      await writeFile(join(folder, name), '')
      await expect(sourceOf(folder).fetch(never)).rejects.toMatchObject({
        fault: 'absent',
        message: expect.stringContaining(`"portcullis policy build ${folder} -o `) as string,
      })
    },
  )

  test('says that nothing is there: of a file, a folder, a folder without a bundle', async () => {
    for (const path of [join(folder, 'none.tar.gz'), join(folder, 'no', 'where'), folder]) {
      await expect(sourceOf(path).fetch(never)).rejects.toMatchObject({
        fault: 'absent',
        message: expect.stringContaining('no bundle at') as string,
      })
    }
  })

  test('refuses what is there and is no file', async () => {
    await mkdir(join(folder, 'bundle.tar.gz'))
    await expect(sourceOf(folder).fetch(never)).rejects.toMatchObject({ fault: 'archive' })
    await symlink('loop', join(folder, 'loop'))
    await expect(sourceOf(join(folder, 'loop')).fetch(never)).rejects.toMatchObject({
      fault: 'archive',
      message: expect.stringContaining('ELOOP') as string,
    })
  })

  test('refuses a file over the limit', async () => {
    const file = join(folder, 'bundle.tar.gz')
    await writeFile(file, 'x'.repeat(1001))
    await expect(sourceOf(file).fetch(never)).rejects.toMatchObject({ fault: 'archive' })
  })
})

describe('watching a file', () => {
  test('sees it replaced by renaming and written in place, again and again', async () => {
    const file = join(folder, 'bundle.tar.gz')
    await writeFile(file, 'v0')
    const watched = sourceOf(file)
    expect(await textOf(watched)).toBe('v0')
    const { until } = follow(watched)
    for (const version of ['v1', 'v2', 'v3']) {
      await writeFile(join(folder, 'new'), version)
      await rename(join(folder, 'new'), file)
      await until(version)
      await writeFile(file, `${version} in place`)
      await until(`${version} in place`)
    }
  })

  test('sees it appear, go and come back', async () => {
    const file = join(folder, 'bundle.tar.gz')
    const watched = sourceOf(file)
    const { until } = follow(watched)
    await writeFile(file, 'v1')
    await until('v1')
    await rm(file)
    await until(`PolicySupplyError: There is no bundle at ${file}`)
    await writeFile(file, 'v2')
    await until('v2')
  })

  test('ends with the whole file when it was written in parts', async () => {
    const file = join(folder, 'bundle.tar.gz')
    await writeFile(file, 'old')
    const watched = sourceOf(file)
    await textOf(watched)
    const { until, texts } = follow(watched)
    await writeFile(file, 'part')
    await until('part')
    await writeFile(file, ' and the rest', { flag: 'a' })
    await until('part and the rest')
    expect(texts.at(-1)).toBe('part and the rest')
  })

  test('is not disturbed by other files beside it', async () => {
    const file = join(folder, 'bundle.tar.gz')
    await writeFile(file, 'v1')
    const watched = sourceOf(file)
    const { until, texts } = follow(watched)
    await until('v1')
    const read = texts.length
    for (const name of ['a', 'b', 'bundle.tar.gz.tmp']) await writeFile(join(folder, name), 'x')
    await writeFile(file, 'v2')
    await until('v2')
    expect(texts.slice(read).every((text) => text === 'v2')).toBe(true)
  })

  test('says nothing more after it was closed', async () => {
    const file = join(folder, 'bundle.tar.gz')
    await writeFile(file, 'v1')
    const watched = sourceOf(file)
    const { until, texts } = follow(watched)
    await until('v1')
    await watched.close()
    const read = texts.length
    await writeFile(file, 'v2')
    const other = follow(sourceOf(folder))
    await other.until('v2')
    expect(texts.length).toBe(read)
  })
})

describe('watching a mounted ConfigMap', () => {
  async function mount(): Promise<void> {
    await mkdir(join(folder, '..2026_00'))
    await writeFile(join(folder, '..2026_00', 'bundle.tar.gz'), 'v0')
    await symlink('..2026_00', join(folder, '..data'))
    await symlink('..data/bundle.tar.gz', join(folder, 'bundle.tar.gz'))
  }

  /** As the kubelet does it: a new folder, a new link to it, one rename, and the old folder goes. */
  async function swap(from: number, to: number): Promise<void> {
    await mkdir(join(folder, `..2026_0${to}`))
    await writeFile(join(folder, `..2026_0${to}`, 'bundle.tar.gz'), `v${to}`)
    await symlink(`..2026_0${to}`, join(folder, '..data_tmp'))
    await rename(join(folder, '..data_tmp'), join(folder, '..data'))
    await rm(join(folder, `..2026_0${from}`), { recursive: true })
  }

  test.each(['bundle.tar.gz', '.'])('sees three swaps in a row at %s', async (name) => {
    await mount()
    const watched = sourceOf(join(folder, name))
    expect(await textOf(watched)).toBe('v0')
    const { until } = follow(watched)
    for (const version of [1, 2, 3]) {
      await swap(version - 1, version)
      await until(`v${version}`)
    }
  })

  test('ends with the last of swaps that follow each other without a pause', async () => {
    await mount()
    const watched = sourceOf(folder)
    const { until, texts } = follow(watched)
    await until('v0')
    for (const version of [1, 2, 3]) await swap(version - 1, version)
    await until('v3')
    expect(texts.at(-1)).toBe('v3')
  })
})

describe('what the file system tells nobody of', () => {
  const looksOften = 10

  test('a link to a folder that leads elsewhere now is seen', async () => {
    for (const release of ['r1', 'r2']) {
      await mkdir(join(folder, release))
      await writeFile(join(folder, release, 'bundle.tar.gz'), release)
    }
    await symlink('r1', join(folder, 'current'))
    const watched = sourceOf(join(folder, 'current'), 1000, looksOften)
    const { until } = follow(watched)
    await until('r1')
    await symlink('r2', join(folder, 'next'))
    await rename(join(folder, 'next'), join(folder, 'current'))
    await until('r2')
  })

  test('a link that leads nowhere but to itself is refused until it leads somewhere', async () => {
    const path = join(folder, 'loop')
    await symlink('loop', path)
    const watched = sourceOf(path, 1000, looksOften)
    const { until } = follow(watched)
    await until(`PolicySupplyError: The bundle ${path} cannot be read (ELOOP)`)
    await writeFile(join(folder, 'v1'), 'v1')
    await symlink('v1', join(folder, 'next'))
    await rename(join(folder, 'next'), path)
    await until('v1')
  })

  test('changes in a folder that was not there at first, and goes and comes back, are seen', async () => {
    const inner = join(folder, 'policy')
    const watched = sourceOf(inner, 1000, looksOften)
    const { until } = follow(watched)
    for (const version of ['v1', 'v2']) {
      await mkdir(inner)
      await writeFile(join(inner, 'bundle.tar.gz'), version)
      await until(version)
      await writeFile(join(inner, 'new'), `${version} replaced`)
      await rename(join(inner, 'new'), join(inner, 'bundle.tar.gz'))
      await until(`${version} replaced`)
      await rm(inner, { recursive: true })
      await until(`PolicySupplyError: There is no bundle at ${inner}`)
    }
  })

  test.each(['x', 'x'.repeat(1001), undefined])(
    'what stays as it is is not read again and again, good, refused or absent',
    async (content) => {
      const file = join(folder, 'bundle.tar.gz')
      if (content !== undefined) await writeFile(file, content)
      const still = follow(sourceOf(file, 1000, looksOften))
      const other = createDiskSource({ path: join(folder, 'other'), maxBytes: 1000 })
      const moving = follow(other)
      for (const version of ['v1', 'v2', 'v3', 'v4', 'v5', 'v6', 'v7', 'v8']) {
        await writeFile(join(folder, 'other'), version)
        await moving.until(version)
      }
      await other.close()
      expect(still.texts.length).toBeGreaterThan(0)
      expect(still.texts.length).toBeLessThan(20)
    },
  )
})
