import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { canonicalText } from '../../src/bundles/canonical-text.js'
import { hashFile } from '../../src/bundles/hash.js'
import { JsonFault } from '../../src/wire/json-text.js'
import { createRandom, type Random } from '../support/random.js'
import { hasOpa } from '../support/opa.js'

const canonical = (text: string): string => canonicalText(Buffer.from(text))
const keys = fileURLToPath(new URL('../fixtures/bundles/signed/keys/', import.meta.url))

test.each([
  [' { } ', '{}'],
  [
    '[ 1 , 1.0 , 1e3 , 1E+3 , -0 , 12345678901234567890 ]',
    '[1,1.0,1e3,1E+3,-0,12345678901234567890]',
  ],
  ['{"b":1,"a":{"d":null,"c":[true,false]}}', '{"a":{"c":[true,false],"d":null},"b":1}'],
  ['"\\u0041\\/\\u00e9"', '"A/é"'],
  ['"<&>\u007f"', '"<&>\u007f"'],
  ['"\\u2028 \u2029"', '"\\u2028 \\u2029"'],
  ['"\\b\\f\\n\\r\\t\\u001F\\"\\\\"', '"\\b\\f\\n\\r\\t\\u001f\\"\\\\"'],
  ['{"\\\\":1,"\\"":2}', '{"\\"":2,"\\\\":1}'],
  ['{"😀":1,"\\ue000":2,"z":3}', '{"z":3,"\ue000":2,"😀":1}'],
  ['{"\\ud83d\\ude00":[]}', '{"😀":[]}'],
  ['{"a":1,"":2,"aa":3,"A":4}', '{"":2,"A":4,"a":1,"aa":3}'],
])('%s is written %s', (text, expected) => {
  expect(canonical(text)).toBe(expected)
})

test.each(['', '{', '[1,]', '{"a":1,"a":2}', '"\\ud800"', '{"\\udc00":1}', '1 2'])(
  'the text %j is refused',
  (text) => {
    expect(() => canonical(text)).toThrow(JsonFault)
  },
)

test.runIf(hasOpa)('files are hashed as OPA hashes them', () => {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-canonical-'))
  try {
    const random = createRandom(5)
    const texts = Array.from({ length: 300 }, () => textOf(random, 4))
    for (const [at, text] of texts.entries()) {
      mkdirSync(join(folder, String(at)))
      writeFileSync(join(folder, String(at), 'data.json'), text)
    }
    const key = join(keys, 'ec-256.pem')
    const signing = ['--signing-alg', 'ES256', '--signing-key', key]
    expect(spawnSync('opa', ['sign', '-b', '.', ...signing], { cwd: folder }).status).toBe(0)
    const hashes = signedHashes(readFileSync(join(folder, '.signatures.json'), 'utf8'))
    for (const [at, text] of texts.entries()) {
      const name = `${at}/data.json`
      expect(hashFile(name, Buffer.from(text), 'SHA-256'), text).toBe(hashes.get(name))
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

function signedHashes(text: string): ReadonlyMap<string, string> {
  const { signatures } = JSON.parse(text) as { signatures: readonly [string] }
  const payload = Buffer.from(signatures[0].split('.')[1] ?? '', 'base64url').toString()
  const { files } = JSON.parse(payload) as { files: { name: string; hash: string }[] }
  return new Map(files.map(({ name, hash }) => [name, hash]))
}

/** A JSON text whose values are spelled in unusual ways. */
function textOf(random: Random, depth: number): string {
  const space = random.oneOf(['', ' ', '\n\t'])
  const kind = depth === 0 ? random.below(3) : random.below(5)
  if (kind === 0) return random.oneOf(['1', '-0', '1.0', '0.10', '1e3', '1E-7', '9007199254740993'])
  if (kind === 1) return random.oneOf(['true', 'false', 'null'])
  if (kind === 2) return stringOf(random)
  const items = Array.from({ length: random.below(5) }, () => textOf(random, depth - 1))
  if (kind === 3) return `[${space}${items.join(`${space},`)}${space}]`
  const names = new Map(items.map((item) => [stringOf(random), item]))
  const byName = new Map(
    [...names].map(([name, item]) => [JSON.parse(name) as string, [name, item]]),
  )
  const members = [...byName.values()].map(([name, item]) => `${name ?? ''}${space}:${item ?? ''}`)
  return `{${members.join(`,${space}`)}}`
}

function stringOf(random: Random): string {
  const parts = Array.from({ length: random.below(4) }, () =>
    random.oneOf([
      ...([
        'a',
        'B',
        ' ',
        '<',
        '&',
        '/',
        '\\/',
        '\\"',
        '\\\\',
        '\\b',
        '\\f',
        '\\n',
        '\\t',
      ] as const),
      ...(['\\u0000', '\\u001f', '\u007f', '\\u0041', 'é', '\u2028', '\\u2029', '\ue000'] as const),
      ...(['\uffff', '😀', '\\ud83d\\ude00', '\u0085', '\\u2028'] as const),
    ]),
  )
  return `"${parts.join('')}"`
}
