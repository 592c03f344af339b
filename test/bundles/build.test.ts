import { spawnSync } from 'node:child_process'
import {
  chmod,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openUnverified } from '../../src/bundles/open-bundle.js'
import { buildBundle } from '../../src/bundles/build.js'

const fixtures = fileURLToPath(new URL('../fixtures/bundles/', import.meta.url))
const capabilities = fileURLToPath(new URL('../../policies/capabilities.json', import.meta.url))
const opa = 'opa'
const { status, stdout } = spawnSync(opa, ['version'], { encoding: 'utf8' })
const hasOpa = status === 0
// Another release compiles to other bytes.
const hasSameOpa = hasOpa && /^Version: 1\.22\.0$/m.test(stdout)
const limits = 1024 * 1024

let folder: string
let set: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portcullis-build-test-'))
  set = join(folder, 'set')
  await cp(join(fixtures, 'hr'), set, { recursive: true })
})

afterEach(() => rm(folder, { recursive: true, force: true }))

const build = (options: { revision?: string; opa?: string } = {}) =>
  buildBundle({ set, opa, capabilities, ...options })

describe.runIf(hasOpa)('building a policy set', () => {
  test('gives a bundle with the hooks that the set defines, its revision and exact data', async () => {
    const { archive, entrypoints } = await build()
    expect(entrypoints).toEqual(['mcp/pre', 'mcp/list'])
    const bundle = await openUnverified(archive, limits)
    expect(bundle).toMatchObject({ entrypoints, revision: 'hr-1', roots: ['mcp', 'hr'] })
    expect(bundle.data.toString()).toContain('"salary_cap":12345678901234567890')
  })

  test('gives the same bytes whatever the folder, its times, modes and and tests', async () => {
    const { archive } = await build()
    await chmod(join(set, 'policy.rego'), 0o600)
    await utimes(join(set, 'policy.rego'), 1, 1)
    await rm(join(set, 'policy_test.rego'))
    await cp(set, join(folder, 'elsewhere'), { recursive: true })
    set = join(folder, 'elsewhere')
    expect((await build()).archive.equals(archive)).toBe(true)
  })

  test.runIf(hasSameOpa)('gives the bundle that is checked in', async () => {
    const checkedIn = await readFile(join(fixtures, 'hr.tar.gz'))
    expect((await build()).archive.equals(checkedIn)).toBe(true)
  })

  test('names the revision: the one asked for, the manifest, else a digest of the sources', async () => {
    const revision = async (asked = {}) =>
      (await openUnverified((await build(asked)).archive, limits)).revision
    expect(await revision({ revision: 'mine' })).toBe('mine')
    await rm(join(set, '.manifest'))
    const first = await revision()
    expect(first).toMatch(/^[0-9a-f]{12}$/)
    await writeFile(join(set, 'notes.md'), 'not a source')
    expect(await revision()).toBe(first)
    await writeFile(join(set, 'hr', 'data.json'), '{"tools": []}')
    expect(await revision()).not.toBe(first)
  })

  test('finds hooks that are packages, and none in functions and tests', async () => {
    await rm(join(set, '.manifest'))
    await writeFile(join(set, 'policy.rego'), 'package mcp.pre\n\nallow := true\n')
    await writeFile(join(set, 'f.rego'), 'package mcp\n\npost(x) := x\n')
    await writeFile(join(set, 'l_test.rego'), 'package mcp\n\nlist := []\n')
    expect((await build()).entrypoints).toEqual(['mcp/pre'])
  })

  test('makes a bundle of data alone where there is no Rego', async () => {
    await rm(set, { recursive: true })
    await mkdir(set)
    await writeFile(join(set, 'data.json'), '{"lists": {"blocked": ["alert"]}}')
    await writeFile(join(set, '.manifest'), '{"revision": "lists-1", "roots": ["lists"]}')
    const { archive, entrypoints } = await build()
    expect(entrypoints).toEqual([])
    expect(await openUnverified(archive, limits)).toMatchObject({
      wasm: undefined,
      revision: 'lists-1',
      roots: ['lists'],
    })
  })

  test('leaves no temporary files, whether it succeeds or fails', async () => {
    const temporary = process.env['TMPDIR']
    process.env['TMPDIR'] = folder
    try {
      await build()
      await writeFile(join(set, 'bad.rego'), 'package hr\n\nx := y\n')
      await expect(build()).rejects.toThrow()
    } finally {
      if (temporary === undefined) delete process.env['TMPDIR']
      else process.env['TMPDIR'] = temporary
    }
    expect(await readdir(folder)).toEqual(['set'])
  })
})

const rules = 'rules:\n  - { id: no, effect: deny, reason: no }\n'

describe('a set without Rego', () => {
  const noOpa = { opa: '/no/opa' }
  const bundle = async () => openUnverified((await build(noOpa)).archive, limits)

  beforeEach(async () => {
    await rm(set, { recursive: true })
    await mkdir(join(set, 'rules', 'team'), { recursive: true })
    await writeFile(join(set, 'rules', 'team', 'git.yml'), rules)
  })

  test('is packed without OPA: rules, schemas, cases, data and the manifest', async () => {
    for (const [name, text] of [
      ['rules.yaml', rules],
      ['schemas/log.json', '{"type": "object"}'],
      ['cases/log.yaml', 'cases: []\n'],
      ['hr/data.json', '{"cap": 12345678901234567890}'],
      ['.manifest', '{"revision": "r-7", "roots": ["hr"], "metadata": {"owner": "core"}}'],
      ['notes.md', 'notes'],
      ['.git/rules.yaml', 'no rules of this set'],
    ] as const) {
      await mkdir(dirname(join(set, name)), { recursive: true })
      await writeFile(join(set, name), text)
    }
    const { archive, entrypoints } = await build(noOpa)
    expect(entrypoints).toEqual([])
    const read = await openUnverified(archive, limits)
    expect(read).toMatchObject({
      wasm: undefined,
      revision: 'r-7',
      roots: ['hr'],
      metadata: { owner: 'core' },
      data: Buffer.from('{"hr":{"cap": 12345678901234567890}}'),
    })
    const names = (files: typeof read.rules): string[] => files.map(({ name }) => name)
    expect(names(read.rules)).toEqual(['rules.yaml', 'rules/team/git.yml'])
    expect([names(read.schemas), names(read.cases)]).toEqual([
      ['schemas/log.json'],
      ['cases/log.yaml'],
    ])
    expect(read.sizes.entries).toBe(6)
  })

  test('gives the same bytes whatever the folder, its times and modes', async () => {
    const { archive } = await build(noOpa)
    const file = join(set, 'rules', 'team', 'git.yml')
    await chmod(file, 0o600)
    await utimes(file, 1, 1)
    await cp(set, join(folder, 'elsewhere'), { recursive: true })
    set = join(folder, 'elsewhere')
    expect((await build(noOpa)).archive.equals(archive)).toBe(true)
    await writeFile(join(set, 'rules', 'team', 'git.yml'), `${rules} `)
    expect((await bundle()).revision).not.toBe((await openUnverified(archive, limits)).revision)
  })

  test('claims a root of its own with rules alone, and all of them with data that do not say', async () => {
    expect((await bundle()).roots).toEqual(['rules'])
    await writeFile(join(set, 'data.json'), '{}')
    expect((await bundle()).roots).toEqual([''])
  })

  test.each([
    ['rules elsewhere', 'hr/rules.yaml', /has rules in hr\/rules\.yaml/],
    ['rules in capitals', 'Rules.yaml', /has Rules\.yaml: write .*lower case/],
    ['a schema in YAML', 'schemas/t.yaml', /has a schema in schemas\/t\.yaml/],
  ])('is refused with %s', async (_, name, words) => {
    await mkdir(dirname(join(set, name)), { recursive: true })
    await writeFile(join(set, name), rules)
    await expect(build(noOpa)).rejects.toMatchObject({
      fault: 'check',
      message: expect.stringMatching(words) as string,
    })
  })

  test('is refused when it has nothing in it', async () => {
    await rm(join(set, 'rules'), { recursive: true })
    await writeFile(join(set, 'README.md'), '')
    await expect(build(noOpa)).rejects.toMatchObject({
      fault: 'check',
      message: expect.stringContaining('neither Rego nor rules nor data') as string,
    })
  })
})

describe.runIf(hasOpa)('a set with Rego and rules', () => {
  test('has both in its bundle, the same bytes every time', async () => {
    await writeFile(join(set, 'rules.yaml'), rules)
    await mkdir(join(set, 'schemas'))
    await writeFile(join(set, 'schemas', 't.json'), '{}')
    const { archive, entrypoints } = await build()
    const { wasm, rules: read, schemas } = await openUnverified(archive, limits)
    expect(entrypoints).toEqual(['mcp/pre', 'mcp/list'])
    expect(wasm).toBeDefined()
    expect(read).toEqual([{ name: 'rules.yaml', text: Buffer.from(rules) }])
    expect(schemas.map(({ name }) => name)).toEqual(['schemas/t.json'])
    expect((await build()).archive.equals(archive)).toBe(true)
  })

  test('need not define mcp/pre, and has to define one of the hooks', async () => {
    await writeFile(join(set, 'policy.rego'), 'package mcp\n\nlist := []\n')
    await writeFile(join(set, 'rules.yaml'), rules)
    expect((await build()).entrypoints).toEqual(['mcp/list'])
    await writeFile(join(set, 'policy.rego'), 'package mcp\n\nother := []\n')
    await expect(build()).rejects.toMatchObject({ fault: 'check' })
  })
})

describe.runIf(hasOpa)('a policy set is refused', () => {
  test.each([
    ['does not parse', 'package hr\n\nx := {\n', /bad\.rego:\d+: rego_parse_error/],
    ['does not compile', 'package hr\n\nx := y\n', /bad\.rego:3: rego_unsafe_var_error/],
    [
      'uses what WebAssembly lacks',
      'package hr\n\nx := opa.runtime()\n',
      /bad\.rego:3: rego_type_error: undefined function opa\.runtime/,
    ],
    ['uses YAML', 'package hr\n\nx := yaml.marshal({})\n', /undefined function yaml\.marshal/],
    ['lies outside its roots', 'package other\n\nx := 1\n', /roots .* do not permit/],
  ])('that %s, in the words of OPA', async (_, text, words) => {
    await writeFile(join(set, 'bad.rego'), text)
    const fault: unknown = await build().catch((thrown: unknown) => thrown)
    expect(fault).toMatchObject({
      fault: 'compile',
      message: expect.stringMatching(words) as string,
    })
  })

  test('without mcp/pre, with a hint what to write', async () => {
    await writeFile(join(set, 'policy.rego'), 'package mcp\n\nlist := []\n')
    await expect(build()).rejects.toMatchObject({
      fault: 'check',
      message: expect.stringContaining('default pre := false') as string,
    })
  })

  test.each([
    ['that is cut off', '{"roots": ["mcp"', /\.manifest cannot be used/],
    ['with a key that nothing reads', '{"revison": "1"}', /has "revison" in its \.manifest/],
  ])('with a manifest %s', async (_, text, words) => {
    await writeFile(join(set, '.manifest'), text)
    await expect(build()).rejects.toMatchObject({
      fault: 'check',
      message: expect.stringMatching(words) as string,
    })
  })

  test('with data that have a key twice', async () => {
    await writeFile(join(set, 'hr', 'data.json'), '{"tools": [], "tools": ["x"]}')
    await expect(build()).rejects.toMatchObject({ fault: 'check' })
  })
})

describe('a policy set is refused before OPA is asked', () => {
  test('when OPA is not installed, saying how to get it', async () => {
    await expect(build({ opa: join(folder, 'no-opa') })).rejects.toMatchObject({
      fault: 'check',
      message: expect.stringContaining('go install') as string,
    })
  })

  test('when it is not there', async () => {
    set = join(folder, 'none')
    await expect(build()).rejects.toMatchObject({ fault: 'absent' })
  })

  test('when a source is a link, which OPA would pass over', async () => {
    await symlink('policy.rego', join(set, 'more.rego'))
    await expect(build()).rejects.toMatchObject({
      fault: 'check',
      message: expect.stringContaining('more.rego') as string,
    })
  })
})
