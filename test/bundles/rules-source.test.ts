import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, realpath, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openBundle } from '../../src/bundles/open-bundle.js'
import { createRulesSource } from '../../src/bundles/rules-source.js'
import type { BundleSource } from '../../src/bundles/source.js'
import type { Bundle } from '../../src/domain/bundle.js'
import { PolicySupplyError } from '../../src/domain/errors.js'

const maxBytes = 1024 * 1024
const never = new AbortController().signal
const sources: BundleSource[] = []
let folder: string

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'portcullis-rules-')))
})

afterEach(async () => {
  for (const source of sources.splice(0)) await source.close()
  await rm(folder, { recursive: true, force: true })
})

function sourceOf(path = folder, options: { maxBytes?: number; lookMs?: number } = {}) {
  const source = createRulesSource({ path, maxBytes, ...options })
  sources.push(source)
  return source
}

async function write(files: Readonly<Record<string, string>>, root = folder): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true })
    await writeFile(join(root, name), text)
  }
}

async function archiveOf(source: BundleSource): Promise<Buffer> {
  const fetched = await source.fetch(never)
  if (fetched.type === 'archive') return fetched.bytes
  throw new Error(fetched.type)
}

async function bundleOf(source: BundleSource): Promise<Bundle> {
  const trust = { sha256: undefined, keys: [], requireSignature: false, now: 0 }
  return openBundle(await archiveOf(source), { ...trust, maxBytes: 1 << 26, layout: 'rules' })
}

async function refusalOf(source: BundleSource): Promise<string> {
  const fault: unknown = await bundleOf(source).catch((thrown: unknown) => thrown)
  if (fault instanceof PolicySupplyError) return `${fault.fault}: ${fault.message}`
  throw new Error('not refused', { cause: fault })
}

const namesOf = (files: Bundle['rules']): string[] => files.map(({ name }) => name)

/** A mounted ConfigMap: the files lie in a hidden folder, and all of them change at once. */
async function mount(version: string, files: Readonly<Record<string, string>>): Promise<void> {
  await write(files, join(folder, `..${version}`))
  await symlink(`..${version}`, join(folder, '..data_tmp'))
  await rename(join(folder, '..data_tmp'), join(folder, '..data'))
  for (const name of Object.keys(files)) {
    const [top = ''] = name.split('/')
    await symlink(join('..data', top), join(folder, top)).catch(() => undefined)
  }
}

/** Watches and reads at each event, as the loader does; `until` resolves when such a bundle was read. */
function follow(source: BundleSource) {
  const seen: string[] = []
  let heard: () => void = () => undefined
  let reading = Promise.resolve()
  source.watch(() => {
    reading = reading.then(async () => {
      seen.push(await bundleOf(source).then(textOf, String))
      heard()
    })
  })
  return {
    seen,
    until: async (text: string) => {
      while (!seen.includes(text)) await new Promise<void>((resolve) => (heard = resolve))
    },
  }
}

const textOf = ({ rules }: Bundle): string =>
  rules.map(({ name, text }) => `${name}=${text.toString()}`).join(' ')

describe('a folder of rules', () => {
  test('is read at any depth, with its cases and schemas, under the names that its author gave', async () => {
    await write({
      'hr.yaml': 'a',
      'teams/core/git.yml': 'b',
      'rules.yaml': 'c',
      'rules/more.yaml': 'd',
      'cases/hr.yaml': 'e',
      'teams/core/cases/git.yaml': 'f',
      'schemas/employee.json': '{}',
      'teams/core/schemas/git/log.json': '{}',
      'README.md': 'notes',
      '.hidden.yaml': 'g',
      '.git/config.yaml': 'h',
    })
    const bundle = await bundleOf(sourceOf())
    const rules = ['hr.yaml', 'rules.yaml', 'rules/more.yaml', 'teams/core/git.yml']
    expect(namesOf(bundle.rules)).toEqual(rules)
    expect(namesOf(bundle.cases)).toEqual(['cases/hr.yaml', 'teams/core/cases/git.yaml'])
    expect(namesOf(bundle.schemas)).toEqual(['schemas/employee.json', 'schemas/git/log.json'])
    expect(bundle).toMatchObject({ wasm: undefined, roots: [], entrypoints: [], signer: undefined })
    expect(bundle.revision).toBe(bundle.digest.slice(0, 12))
  })

  test('is the same archive whatever its times and the order in which it was written', async () => {
    await write({ 'a.yaml': '1', 'b/c.yaml': '2' })
    const before = await archiveOf(sourceOf())
    await rm(join(folder, 'a.yaml'))
    await write({ 'a.yaml': '1' })
    await utimes(join(folder, 'b/c.yaml'), 1, 1)
    expect((await archiveOf(sourceOf())).equals(before)).toBe(true)
    await write({ 'a.yaml': '3' })
    expect((await archiveOf(sourceOf())).equals(before)).toBe(false)
  })

  test('may be a mounted ConfigMap, and no other links are followed', async () => {
    await mount('one', { 'hr.yaml': '1', 'cases/x.yaml': '2' })
    const { rules, cases } = await bundleOf(sourceOf())
    expect([namesOf(rules), namesOf(cases)]).toEqual([['hr.yaml'], ['cases/x.yaml']])
    await write({ 'deep/x.yaml': '' })
    await symlink('../hr.yaml', join(folder, 'deep', 'y.yaml'))
    expect(await refusalOf(sourceOf())).toMatch(/^check: .*has a link, deep\/y\.yaml,/)
    await rm(join(folder, 'deep'), { recursive: true })
    await symlink('/etc', join(folder, 'etc'))
    expect(await refusalOf(sourceOf())).toMatch(/^check: .*has a link, etc, .*put what it leads to/)
  })

  test('of which nothing is left is absent, as one that never was', async () => {
    expect(await refusalOf(sourceOf())).toMatch(/^absent: There are no rules in .*put \.yaml files/)
    await write({ 'cases/x.yaml': '', 'README.md': '' })
    expect(await refusalOf(sourceOf())).toMatch(/^absent:/)
    expect(await refusalOf(sourceOf(join(folder, 'none')))).toMatch(
      /^absent: There is no rules file or folder at/,
    )
  })

  test.each([
    [
      'policy.rego',
      'policy.rego',
      /^check: .*has policy\.rego.*"portcullis policy build".*POLICY_BUNDLE_PATH/,
    ],
    ['a built policy', 'x/policy.wasm', /^check: .*has x\/policy\.wasm/],
    ['an ending in capitals', 'hr.YAML', /^check: .*has hr\.YAML: .*lower case/],
    ['schemas in capitals', 'Schemas/t.json', /^check: .*has Schemas\/t\.json/],
  ])('with %s is refused, saying what to do', async (_, name, words) => {
    await write({ 'hr.yaml': '', [name]: '' })
    expect(await refusalOf(sourceOf())).toMatch(words)
  })

  test('with two schemas of one tool is refused', async () => {
    await write({ 'hr.yaml': '', 'schemas/t.json': '{}', 'a/schemas/t.json': '{}' })
    expect(await refusalOf(sourceOf())).toMatch(
      /^check: .*two schemas of one tool, schemas\/t\.json/,
    )
  })

  test('with a name that is not UTF-8 is refused rather than read without that file', async () => {
    await write({ 'a.yaml': 'rules: []\n' })
    await writeFile(Buffer.from(join(folder, '\xe9.yaml'), 'latin1'), 'rules: []\n')
    expect(await refusalOf(sourceOf())).toMatch(/^check: .*whose name is not UTF-8: rename it$/)
  })

  test('with a pipe in it is refused, and never waited for', async () => {
    await promisify(execFile)('mkfifo', [join(folder, 'p.yaml')])
    expect(await refusalOf(sourceOf())).toMatch(/archive: |absent: /)
  })

  test('that is too large is refused before it is read', async () => {
    await write({ 'a.yaml': 'x'.repeat(600), 'b.yaml': 'x'.repeat(600) })
    expect(await refusalOf(sourceOf(folder, { maxBytes: 1000 }))).toMatch(
      /^archive: .*1200 bytes, over the limit of 1000/,
    )
  })
})

describe('a file of rules', () => {
  test('is read under its own name', async () => {
    await write({ 'hr.yaml': 'a', 'other.yaml': 'b', 'policy.rego': '' })
    const bundle = await bundleOf(sourceOf(join(folder, 'hr.yaml')))
    expect(textOf(bundle)).toBe('hr.yaml=a')
  })

  test('may be reached through links', async () => {
    await mount('one', { 'hr.yaml': 'a' })
    expect(textOf(await bundleOf(sourceOf(join(folder, 'hr.yaml'))))).toBe('hr.yaml=a')
  })

  test.each([
    ['policy.rego', /^check: .*no rules file: build the folder of the Rego/],
    ['bundle.tar.gz', /^check: .*no rules file: .*a bundle goes to POLICY_BUNDLE_PATH/],
  ])('is not %s', async (name, words) => {
    await write({ [name]: '' })
    expect(await refusalOf(sourceOf(join(folder, name)))).toMatch(words)
  })
})

describe('following', () => {
  test('tells of files that change, come and go, at any depth', async () => {
    await write({ 'a.yaml': '1' })
    const source = sourceOf()
    const { until } = follow(source)
    await bundleOf(source)
    await write({ 'a.yaml': '2' })
    await until('a.yaml=2')
    await write({ 'deep/er/b.yaml': '3' })
    await until('a.yaml=2 deep/er/b.yaml=3')
    await write({ 'deep/er/b.yaml': '4' })
    await until('a.yaml=2 deep/er/b.yaml=4')
    await rm(join(folder, 'deep'), { recursive: true })
    await until('a.yaml=2')
  })

  test('tells of every swap of a mounted ConfigMap, and never mixes two', async () => {
    await mount('v0', { 'a.yaml': '0', 'b.yaml': '0' })
    const source = sourceOf()
    const { seen, until } = follow(source)
    await bundleOf(source)
    for (const version of ['1', '2', '3']) {
      await mount(`v${version}`, { 'a.yaml': version, 'b.yaml': version })
      await until(`a.yaml=${version} b.yaml=${version}`)
    }
    for (const text of seen) expect(text).toMatch(/^a\.yaml=(\d) b\.yaml=\1$/)
  })

  test('of a file tells of one that replaces it', async () => {
    await write({ 'hr.yaml': '1' })
    const source = sourceOf(join(folder, 'hr.yaml'))
    const { until } = follow(source)
    await bundleOf(source)
    await write({ 'next.tmp': '2' })
    await rename(join(folder, 'next.tmp'), join(folder, 'hr.yaml'))
    await until('hr.yaml=2')
  })

  test('goes on in a folder that replaced the one that was watched', async () => {
    const [path, next] = [join(folder, 'rules'), join(folder, 'next')]
    await write({ 'a.yaml': '1' }, path)
    await write({ 'a.yaml': '2' }, next)
    const source = sourceOf(path, { lookMs: 3_600_000 })
    const { until } = follow(source)
    await bundleOf(source)
    await write({ 'b.yaml': '1' }, path)
    await until('a.yaml=1 b.yaml=1')
    await rename(path, join(folder, 'old'))
    await rename(next, path)
    await until('a.yaml=2')
    await write({ 'a.yaml': '3' }, path)
    await until('a.yaml=3')
  })

  test('tells of a folder that comes later, by looking', async () => {
    const source = sourceOf(join(folder, 'later'), { lookMs: 20 })
    expect(await refusalOf(source)).toMatch(/^absent/)
    const { until } = follow(source)
    await write({ 'later/x.yaml': '1' })
    await until('x.yaml=1')
  })
})
