import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import {
  bundleOf,
  emptyModule,
  manifestOf,
  read,
  refusalOf,
  tarGz,
  type TarEntry,
} from './archives.js'

const module: TarEntry = { name: 'policy.wasm', content: emptyModule }

describe('a good bundle', () => {
  test('is read with its manifest, module and data', async () => {
    const archive = bundleOf({
      '/data.json': '{"a":1}',
      '.manifest': manifestOf({
        roots: ['mcp', '/a/'],
        metadata: { owner: 'core' },
        rego_version: 1,
      }),
    })
    expect(await read(archive)).toEqual({
      revision: 'r1',
      digest: createHash('sha256').update(archive).digest('hex'),
      roots: ['mcp', 'a'],
      wasm: emptyModule,
      entrypoints: ['mcp/pre'],
      data: Buffer.from('{"a":1}'),
      metadata: { owner: 'core' },
      rules: [],
      schemas: [],
      cases: [],
      signer: undefined,
      sizes: { archive: archive.length, unpacked: 4 * 1024, entries: 3 },
    })
  })

  test.each(['policy.wasm', './policy.wasm', '/policy.wasm'])(
    'may name its module %s in the tar and in the manifest',
    async (inTar) => {
      for (const module of ['policy.wasm', './policy.wasm', '/policy.wasm']) {
        const manifest = manifestOf({ wasm: [{ entrypoint: '/mcp/pre', module }] })
        const bundle = await read(
          tarGz([
            { name: './.manifest', content: manifest },
            { name: inTar, content: emptyModule },
          ]),
        )
        expect(bundle.entrypoints).toEqual(['mcp/pre'])
      }
    },
  )

  test('without a manifest takes its revision from the digest and owns every root', async () => {
    const bundle = await read(tarGz([module]))
    expect(bundle).toMatchObject({ revision: bundle.digest.slice(0, 12), roots: [''] })
    expect(bundle).toMatchObject({ entrypoints: [], data: Buffer.from('{}') })
  })

  test('with an empty revision takes it from the digest', async () => {
    const bundle = await read(bundleOf({ '.manifest': manifestOf({ revision: '' }) }))
    expect(bundle.revision).toBe(bundle.digest.slice(0, 12))
  })

  test('may have data and no policy', async () => {
    const manifest = JSON.stringify({ revision: 'r1', roots: ['hr'] })
    const bundle = await read(
      tarGz([
        { name: '/data.json', content: '{"hr":{"cap":1}}' },
        { name: '/.manifest', content: manifest },
      ]),
    )
    expect(bundle).toMatchObject({ wasm: undefined, entrypoints: [], roots: ['hr'] })
  })

  test('keeps its cases as they are', async () => {
    const { cases } = await read(
      bundleOf({ 'cases/hr.yaml': 'cases: []', 'cases/more/x.yml': '?', 'cases.yaml': '' }),
    )
    expect(cases.map(({ name, text }) => [name, text.toString()])).toEqual([
      ['cases/hr.yaml', 'cases: []'],
      ['cases/more/x.yml', '?'],
    ])
  })

  test('may have rules beside its Rego or instead of it, and schemas of tools', async () => {
    const files = {
      'rules.yaml': 'a',
      'rules.yml': 'b',
      'rules/hr.yml': 'c',
      'rules/team/git.yaml': 'd',
      'rules/data.json': '{"x":1}',
      'schemas/employee_data.json': '{}',
      'schemas/data.json': '{"y":2}',
    }
    const both = await read(bundleOf(files))
    const alone = await read(
      tarGz(Object.entries(files).map(([name, content]) => ({ name, content }))),
    )
    expect(both.wasm).toEqual(emptyModule)
    expect(alone.wasm).toBeUndefined()
    for (const { rules, schemas, data } of [both, alone]) {
      expect(rules.map(({ name, text }) => [name, text.toString()])).toEqual([
        ['rules.yaml', 'a'],
        ['rules.yml', 'b'],
        ['rules/hr.yml', 'c'],
        ['rules/team/git.yaml', 'd'],
      ])
      expect(schemas.map(({ name }) => name)).toEqual(['schemas/employee_data.json'])
      expect(JSON.parse(data.toString())).toEqual({ rules: { x: 1 }, schemas: { y: 2 } })
    }
  })

  test('may have folders, sources, signatures and a plan, which are passed over', async () => {
    const bundle = await read(
      tarGz([
        { name: './', type: '5' },
        { name: 'mcp/', type: '5' },
        { name: 'mcp', type: '5' },
        { name: '/mcp/policy.rego', content: 'package mcp' },
        { name: '/.signatures.json', content: '{"signatures":[]}' },
        { name: '/plan.json', content: '{}' },
        module,
      ]),
    )
    expect(bundle.sizes.entries).toBe(7)
  })
})

describe('data', () => {
  test('keep every number as it is spelled', async () => {
    const text = '{"big":12345678901234567890,"one":1.0,"huge":1e400,"small":-0.10}'
    expect((await read(bundleOf({ 'data.json': text }))).data.toString()).toBe(text)
    const nested = await read(bundleOf({ 'a/b/data.json': text, 'a/data.json': '{"c":1E2}' }))
    expect(nested.data.toString()).toBe(`{"a":{"b":${text},"c":1E2}}`)
  })

  test('of several folders are merged by path, whatever their order', async () => {
    const { data } = await read(
      bundleOf({
        'hr/data.json': '{"x":[1]}',
        'data.json': '{"hr":{"y":{}},"z":null}',
        'n/data.json': '7',
      }),
    )
    expect(JSON.parse(data.toString())).toEqual({ hr: { x: [1], y: {} }, z: null, n: 7 })
  })

  test.each([
    [
      'a value given twice',
      { 'data.json': '{"a":{"b":1}}', 'a/data.json': '{"b":2}' },
      'two data files give a value to "a/b"',
    ],
    [
      'a value under a value',
      { 'data.json': '{"a":1}', 'a/data.json': '{"b":2}' },
      'two data files give a value to "a"',
    ],
    ['duplicate keys', { 'data.json': '{"a":1,"a":2}' }, 'data.json: '],
    [
      'duplicate keys deep inside',
      { 'a/data.json': '{"r":[{"k":1,"\\u006b":2}]}' },
      'a/data.json: ',
    ],
    ['broken JSON', { 'data.json': '{"a":' }, 'data.json: '],
    ['half a surrogate pair', { 'data.json': '{"a":"\\ud800"}' }, 'surrogate'],
    ['a list at the top', { 'data.json': '[1]' }, 'must be an object'],
  ])('with %s are refused', async (_, files, message) => {
    expect(await refusalOf(bundleOf(files))).toMatch(/^check: The bundle's data/)
    expect(await refusalOf(bundleOf(files))).toContain(message)
  })

  test('outside the roots are refused, and inside them or empty are not', async () => {
    const manifest = manifestOf({ roots: ['mcp', 'a/b'] })
    const withData = (data: string) => bundleOf({ '.manifest': manifest, 'data.json': data })
    expect(await refusalOf(withData('{"a":{"b":1,"c":2}}'))).toContain('"a/c" lie outside')
    expect(await refusalOf(withData('{"mcpx":1}'))).toContain('"mcpx" lie outside')
    expect((await read(withData('{"a":{"b":1},"mcp":2,"x":{}}'))).roots).toEqual(['mcp', 'a/b'])
  })
})

describe('a bundle that this build does not honour in full is refused', () => {
  const more = { name: 'mcp/other.wasm', content: emptyModule }
  const entry = (name: string, content = '{}'): TarEntry[] => [module, { name, content }]

  test.each<[string, TarEntry[], string]>([
    ['no module', [{ name: '.manifest', content: manifestOf({}) }], 'has no policy.wasm'],
    [
      'policy that was not compiled',
      [{ name: '/mcp/policy.rego', content: 'package mcp' }],
      'has policy in mcp/policy.rego and no policy.wasm',
    ],
    ['a plan', [{ name: 'plan.json', content: '{}' }], 'has policy in plan.json'],
    ['a module of another name', [{ ...module, name: 'other.wasm' }], 'has no policy.wasm'],
    ['a protobuf manifest', entry('.manifest.pb'), 'one manifest'],
    ['a second signature', entry('a/.signatures.json'), 'one signature'],
    ['a signature in capitals', entry('.Signatures.json'), 'one signature'],
    ['two modules', [module, more], 'more than one WebAssembly module'],
    [
      'a module that is text',
      [{ name: 'policy.wasm', content: 'hello' }],
      'not a WebAssembly module',
    ],
    ['rules in capitals', entry('Rules.YAML'), 'has Rules.YAML: write "rules"'],
    ['rules in a folder in capitals', entry('Rules/hr.yaml'), 'lower case'],
    ['rules of an ending in capitals', entry('rules/hr.YML'), 'lower case'],
    ['rules in another folder', entry('hr/rules.yaml'), 'rules lie at the top in rules.yaml'],
    ['rules in JSON', entry('rules/hr.json'), 'give the file the ending .yaml'],
    ['all rules in JSON', entry('rules.json'), 'give the file the ending .yaml'],
    ['schemas in capitals', entry('Schemas/t.json'), 'lower case'],
    ['schemas in YAML', entry('schemas/t.yaml'), 'schemas/TOOL.json only'],
    ['YAML data', entry('a/data.yaml'), 'data.json only'],
    ['a delta', entry('patch.json'), 'a delta bundle'],
    ['a second manifest', entry('a/.manifest'), 'one manifest'],
    ['data in capitals', entry('Data.json'), 'lower case'],
  ])('%s', async (_, entries, message) => {
    const refusal = await refusalOf(tarGz(entries))
    expect(refusal).toMatch(/^check: The bundle /)
    expect(refusal).toContain(message)
  })
})

describe('a manifest is refused', () => {
  test.each([
    ['broken', '{', 'JSON'],
    ['with duplicate keys', '{"roots":["a"],"roots":[""]}', 'roots'],
    ['that is endless', ' '.repeat(1024 * 1024 + 1), 'over the limit'],
    [
      'with endless roots',
      JSON.stringify({ roots: Array.from({ length: 1001 }, (_, at) => `r${at}`) }),
      'more than 1000 roots',
    ],
    ['that is a list', '[]', 'expected object'],
    ['with a revision that is a number', '{"revision":1}', 'revision'],
    ['with a revision of several lines', '{"revision":"a\\nb"}', 'control characters'],
    ['with an endless revision', `{"revision":"${'x'.repeat(257)}"}`, 'longer than 256'],
    ['with overlapping roots', '{"roots":["mcp","mcp/pre"]}', 'overlap'],
    ['with the same root twice', '{"roots":["mcp","mcp/"]}', 'overlap'],
    ['with a root that leads out', '{"roots":["mcp/../x"]}', 'not a root'],
    ['with an entrypoint outside its roots', manifestOf({ roots: ['mc'] }), 'mcp/pre outside'],
    [
      'that names an entrypoint twice',
      manifestOf({
        wasm: ['mcp/pre', '/mcp/pre'].map((entrypoint) => ({ entrypoint, module: 'policy.wasm' })),
      }),
      'named twice',
    ],
    [
      'that names two modules',
      manifestOf({
        wasm: [
          { entrypoint: 'mcp/pre', module: 'policy.wasm' },
          { entrypoint: 'mcp/post', module: 'other.wasm' },
        ],
      }),
      'more than one',
    ],
    [
      'that names a module which is not there',
      manifestOf({ wasm: [{ entrypoint: 'mcp/pre', module: '/x/policy.wasm' }] }),
      'more than one|has no',
    ],
  ])('%s', async (_, manifest, message) => {
    const refusal = await refusalOf(bundleOf({ '.manifest': manifest }))
    expect(refusal).toMatch(/^check: /)
    expect(refusal).toMatch(new RegExp(message))
  })
})
