import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { readArchive } from '../../src/bundles/archive.js'
import { PolicySupplyError } from '../../src/domain/errors.js'
import { bundleOf, emptyModule, manifestOf, tar, tarGz, type TarEntry } from './archives.js'

const mebibyte = 1024 * 1024
const read = (archive: Buffer, maxBytes = 64 * mebibyte) => readArchive(archive, { maxBytes })
const module: TarEntry = { name: 'policy.wasm', content: emptyModule }

async function refusalOf(archive: Buffer, maxBytes?: number): Promise<string> {
  const fault: unknown = await read(archive, maxBytes).catch((thrown: unknown) => thrown)
  if (!(fault instanceof PolicySupplyError)) throw new Error('not refused', { cause: fault })
  return `${fault.fault}: ${fault.message}`
}

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

describe('a file that is no archive is refused by what it is', () => {
  test.each([
    ['an empty file', Buffer.alloc(0), 'it is empty'],
    ['a page', Buffer.from('\n<!DOCTYPE html><title>Sign in</title>'), 'HTML or XML page'],
    ['a plain tar', tar([module]), 'a tar that is not compressed'],
    ['a bare module', emptyModule, 'a bare WebAssembly module'],
    ['a zip', Buffer.from('PK\x03\x04rest'), 'a zip archive'],
    ['JSON', Buffer.from('{"error":"gone"}'), 'JSON text'],
    ['Rego', Buffer.from('package mcp\n'), 'policy source'],
    ['a Git LFS pointer', Buffer.from('version https://git-lfs.github.com/spec/v1'), 'Git LFS'],
    ['garbage', Buffer.from('garbage'), 'begins with the bytes 67617262'],
    [
      'a compressed page',
      gzipSync('<html></html>'.repeat(99)),
      'is not a tar: unpacked, it is an HTML',
    ],
    [
      'a module compressed alone',
      gzipSync(Buffer.concat([emptyModule, Buffer.alloc(999)])),
      'bare WebAssembly',
    ],
    [
      'an archive compressed twice',
      gzipSync(gzipSync(tar([module]))),
      'compressed with gzip twice',
    ],
    ['an empty tar', gzipSync(Buffer.alloc(1024)), 'an empty tar'],
    ['compressed nothing', gzipSync(''), 'an empty tar'],
  ])('%s', async (_, archive, message) => {
    const refusal = await refusalOf(archive)
    expect(refusal).toMatch(/^archive: /)
    expect(refusal).toContain(message)
  })
})

describe('a damaged archive is refused', () => {
  test('when its gzip is cut off, wherever that is', async () => {
    const archive = bundleOf({ 'data.json': JSON.stringify({ a: 'x'.repeat(2000) }) })
    for (let length = 2; length < archive.length; length += 13) {
      expect(await refusalOf(archive.subarray(0, length))).toMatch(/^archive: .*cut off/)
    }
  })

  test('when its tar is cut off', async () => {
    const cut = tar([module]).subarray(0, 515)
    expect(await refusalOf(gzipSync(cut))).toMatch(/^archive: .*tar ends too early/)
  })

  test('when bytes were changed or follow it', async () => {
    const archive = bundleOf()
    const changed = Buffer.from(archive)
    changed[archive.length - 6] = (changed[archive.length - 6] ?? 0) ^ 1
    expect(await refusalOf(changed)).toMatch(/^archive: .*damaged/)
    expect(await refusalOf(Buffer.concat([archive, Buffer.from('tail')]))).toMatch(/^archive: /)
    expect(await refusalOf(Buffer.concat([archive, Buffer.alloc(9)]))).toMatch(/^archive: .*after/)
  })

  test('when a header in it does not add up', async () => {
    const broken = tar([module, { name: 'data.json', content: '{}' }])
    broken[1024] = 0x58
    expect(await refusalOf(gzipSync(broken))).toMatch(/^archive: .*damaged/)
  })
})

describe('an archive over a limit is refused', () => {
  const zeros = gzipSync(Buffer.alloc(64 * mebibyte))
  const tenGigabytes = Array.from({ length: 160 }, () => zeros)

  test('by its size', async () => {
    expect(await refusalOf(bundleOf(), 100)).toMatch(/^archive: .*over the limit of 100/)
  })

  test('by ten gigabytes of zeros in one file, of which nothing is unpacked', async () => {
    const header = tar([{ name: 'policy.wasm', size: 10 * 1024 * mebibyte - 1 }]).subarray(0, 512)
    const archive = Buffer.concat([gzipSync(header), ...tenGigabytes])
    expect(await refusalOf(archive)).toMatch(/^archive: .*unpacks to more than/)
  })

  test('by ten gigabytes of zeros that no header speaks of', async () => {
    const archive = Buffer.concat([bundleOf(), ...tenGigabytes])
    expect(await refusalOf(archive, 16 * mebibyte)).toMatch(/^archive: .*unpacks to more than/)
  })

  test('by one byte more than four times its size limit', async () => {
    const archive = tarGz([module, { name: 'data.json', content: '{}' }])
    expect((await read(archive, 768)).sizes.unpacked).toBe(3072)
    expect(await refusalOf(archive, 767)).toMatch(/^archive: .*unpacks to more than 3068 bytes/)
  })

  test('by a hundred thousand entries', async () => {
    const folder = tar([{ name: 'x/', type: '5' }]).subarray(0, 512)
    const many = Buffer.concat(Array.from({ length: 100_000 }, () => folder))
    const refusal = await refusalOf(gzipSync(many, { level: 1 }))
    expect(refusal).toMatch(/^archive: .*more than 10000 entries/)
  })

  test('by a name that is too long', async () => {
    const named = (name: string) => {
      const record = ` path=${name}\n`
      const length = record.length + String(record.length + 4).length
      const pax = { name: 'p', type: 'x', content: `${length}${record}` }
      return tarGz([module, pax, { name: 'q', content: 'x' }])
    }
    expect((await read(named('x'.repeat(1024)))).sizes.entries).toBe(2)
    expect(await refusalOf(named('x'.repeat(1025)))).toMatch(/^archive: .*longer than 1024 bytes/)
  })
})

describe('an archive with a hostile entry is refused', () => {
  test.each([
    ['../policy.wasm', 'leads out'],
    ['/../policy.wasm', 'leads out'],
    ['./a/../../x', 'leads out'],
    ['a/..', 'leads out'],
    ['a//b', 'an empty or "." step'],
    ['//etc/passwd', 'an empty or "." step'],
    ['a/./b', 'an empty or "." step'],
    ['a\\..\\b', 'a backslash'],
    ['a\nb', 'control character'],
    ['', 'neither a file nor a folder'],
  ])('named %j', async (name, message) => {
    const refusal = await refusalOf(tarGz([module, { name, content: 'x' }]))
    expect(refusal).toMatch(/^archive: /)
    expect(refusal).toContain(message)
  })

  test('with a NUL in its long name', async () => {
    const pax = { name: 'p', type: 'x', content: '17 path=a\0b.rego\n' }
    const archive = tarGz([pax, module])
    expect(await refusalOf(archive)).toContain('control character')
  })

  test.each([
    ['1', 'link'],
    ['2', 'symlink'],
    ['3', 'character-device'],
    ['4', 'block-device'],
    ['6', 'fifo'],
    ['S', 'null'],
  ])('of the type %s', async (type, says) => {
    const entry = { name: 'data.json', type, link: '/etc/passwd' }
    const refusal = await refusalOf(tarGz([entry, module]))
    expect(refusal).toMatch(/^archive: .*neither a file nor a folder/)
    expect(refusal).toContain(`(${says})`)
  })

  test.each([
    ['/data.json', './data.json'],
    ['data.json', 'data.json'],
    ['x.rego', '/x.rego'],
  ])('that is there twice, as %s and %s', async (first, second) => {
    const entries = [first, second].map((name) => ({ name, content: '{}' }))
    expect(await refusalOf(tarGz([module, ...entries]))).toMatch(/^archive: .*two entries named/)
  })

  test('that is a file and a folder', async () => {
    const archive = tarGz([module, { name: 'a', content: '' }, { name: 'a/', type: '5' }])
    expect(await refusalOf(archive)).toMatch(/^archive: .*two entries named a/)
  })
})

describe('a bundle that this build does not honour in full is refused', () => {
  const more = { name: 'mcp/other.wasm', content: emptyModule }
  const entry = (name: string, content = '{}'): TarEntry[] => [module, { name, content }]

  test.each<[string, TarEntry[], string]>([
    ['no module', [{ name: '.manifest', content: '{}' }], 'has no policy.wasm'],
    ['a module of another name', [{ ...module, name: 'other.wasm' }], 'has no policy.wasm'],
    ['two modules', [module, more], 'more than one WebAssembly module'],
    [
      'a module that is text',
      [{ name: 'policy.wasm', content: 'hello' }],
      'not a WebAssembly module',
    ],
    ['rules', entry('rules.yaml'), 'rules in rules.yaml'],
    ['rules in a folder', entry('/rules/hr.yml'), 'rules in rules/hr.yml'],
    ['rules in capitals', entry('Rules.YAML'), 'rules in Rules.YAML'],
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
