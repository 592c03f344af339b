import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import {
  bundleOf,
  emptyModule,
  pax,
  read,
  refusalOf,
  tar,
  tarGz,
  type TarEntry,
} from './archives.js'

const mebibyte = 1024 * 1024
const module: TarEntry = { name: 'policy.wasm', content: emptyModule }

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

  test('by how well it compresses', async () => {
    const text = JSON.stringify({ a: ' '.repeat(20 * mebibyte) })
    const archive = bundleOf({ 'data.json': text })
    expect(archive.length).toBeLessThan(text.length / 100)
    expect(await refusalOf(archive)).toMatch(/^archive: .*unpacks to more than .* times its size/)
    const small = bundleOf({ 'data.json': JSON.stringify({ a: ' '.repeat(15 * mebibyte) }) })
    expect((await read(small)).sizes.unpacked).toBeGreaterThan(small.length * 200)
  })

  test('by a hundred thousand headers that are about one entry', async () => {
    const header = tar([pax(['comment=x'])]).subarray(0, 1024)
    const many = Buffer.concat(Array.from({ length: 100_000 }, () => header))
    const refusal = await refusalOf(gzipSync(many, { level: 1 }))
    expect(refusal).toMatch(/^archive: .*(?:more than 10000 entries|unpacks to more than)/)
  })

  test('by a name that is too long', async () => {
    const named = (name: string) =>
      tarGz([module, pax([`path=${name}`]), { name: 'q', content: 'x' }])
    expect((await read(named('x'.repeat(1024)))).sizes.entries).toBe(2)
    expect(await refusalOf(named('x'.repeat(1025)))).toMatch(/^archive: .*longer than 1024 bytes/)
  })
})

describe('long names', () => {
  const long = `mcp/${'a'.repeat(90)}/${'b'.repeat(90)}/data.json`
  const steps = long.split('/').slice(0, -1)
  const expected = steps.reduceRight<unknown>((inner, step) => ({ [step]: inner }), { n: 1 })
  const content = '{"n":1}'

  test.each<[string, TarEntry[]]>([
    ['a pax header', [pax(['mtime=1.5', `path=${long}`]), { name: 'x', content }]],
    [
      'a GNU header',
      [
        { name: 'l', type: 'L', content: `${long}\0` },
        { name: 'x', content },
      ],
    ],
    [
      'a ustar prefix',
      [{ prefix: steps.slice(0, 2).join('/'), name: `${steps[2] ?? ''}/data.json`, content }],
    ],
  ])('in %s are read', async (_, entries) => {
    const bundle = await read(tarGz([module, ...entries]))
    expect(JSON.parse(bundle.data.toString())).toEqual(expected)
  })

  test.each<[string, TarEntry[], string]>([
    ['that leads out', [pax(['path=../../etc/passwd'])], 'leads out'],
    ['given twice', [pax(['path=a', 'path=b'])], 'names one entry twice'],
    ['given in two headers', [pax(['path=a']), pax(['path=b'])], 'names one entry twice'],
    [
      'given by pax and by GNU',
      [pax(['path=a']), { name: 'l', type: 'L', content: 'b\0' }],
      'names one entry twice',
    ],
    ['for every entry', [pax(['path=data.json'], 'g')], 'pax record "path" for all entries'],
    ['beyond any limit', [pax([`path=${'x'.repeat(70_000)}`])], 'a header of 700'],
  ])('of an entry are refused: %s', async (_, headers, message) => {
    const refusal = await refusalOf(tarGz([module, ...headers, { name: 'x', content }]))
    expect(refusal).toMatch(/^archive: /)
    expect(refusal).toContain(message)
  })

  test('that no entry follows are refused', async () => {
    expect(await refusalOf(tarGz([module, pax(['path=a'])]))).toContain('no entry follows')
  })
})

describe('what readers of tars see in different ways is refused', () => {
  const entry: TarEntry = { name: 'data.json', content: '{}' }

  test.each([
    ['size=0', '"size"'],
    ['linkpath=/etc/passwd', '"linkpath"'],
    ['GNU.sparse.map=0,1', '"GNU.sparse.map"'],
    ['hdrcharset=BINARY', '"hdrcharset"'],
  ])('the pax record %s', async (record, message) => {
    const refusal = await refusalOf(tarGz([module, pax([record]), entry]))
    expect(refusal).toContain(`has the pax record ${message}`)
  })

  test.each([
    '9 comment=x\n',
    '11 comment=x',
    'x comment=x\n',
    '011 comment=x\n',
    '4 a\n',
    '99 a=b\n',
  ])('the pax header %j', async (content) => {
    const archive = tarGz([module, { name: 'p', type: 'x', content }, entry])
    expect(await refusalOf(archive)).toContain('a pax header that cannot be read')
  })

  test.each([
    ['negative', Buffer.alloc(12, 0xff)],
    ['binary', Buffer.from([0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2])],
    ['negative in octal digits', Buffer.from('-0000000001\0')],
    ['decimal', Buffer.from('00000000009\0')],
    ['empty', Buffer.alloc(12)],
  ])('a %s size', async (_, sizeField) => {
    const refusal = await refusalOf(tarGz([module, { ...entry, sizeField }]))
    expect(refusal).toContain('a size that is no octal number')
  })

  test('a folder with content', async () => {
    const refusal = await refusalOf(tarGz([module, { name: 'a/', type: '5', content: 'x' }]))
    expect(refusal).toContain('a folder with content')
  })

  test('entries behind the end', async () => {
    const archive = gzipSync(Buffer.concat([tar([module]), tar([entry])]))
    expect(await refusalOf(archive)).toContain('bytes after the end of its tar')
  })

  test('entries in a second gzip behind the first', async () => {
    const archive = Buffer.concat([tarGz([module]), tarGz([entry])])
    expect(await refusalOf(archive)).toContain('bytes after the end of its tar')
  })

  test('a tar that ends between two entries', async () => {
    const cut = tar([module, entry]).subarray(0, 1024)
    expect(await refusalOf(gzipSync(cut))).toContain('cut off: its tar ends too early')
  })

  test('a header of no known format', async () => {
    const broken = tar([module, entry])
    broken.write('tar..', 1024 + 257)
    expect(await refusalOf(gzipSync(broken))).toContain('an entry that cannot be read')
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
    ['', 'a file with the name of a folder'],
    ['./', 'a file with the name of a folder'],
    ['data.json/', 'a file with the name of a folder'],
  ])('named %j', async (name, message) => {
    const refusal = await refusalOf(tarGz([module, { name, content: 'x' }]))
    expect(refusal).toMatch(/^archive: /)
    expect(refusal).toContain(message)
  })

  test('with a NUL in its long name', async () => {
    const archive = tarGz([pax(['path=a\0b.rego']), module])
    expect(await refusalOf(archive)).toContain('control character')
  })

  test.each([
    ['1', 'hard link'],
    ['2', 'symlink'],
    ['3', 'character device'],
    ['4', 'block device'],
    ['6', 'fifo'],
    ['7', 'contiguous file'],
    ['D', 'folder listing'],
    ['K', 'long link'],
    ['M', 'part of another archive'],
    ['S', 'sparse file'],
    ['V', 'volume label'],
    ['?', 'type "?"'],
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
