import { describe, expect, test } from 'vitest'
import { parseFieldPath } from '../../src/domain/field-path.js'
import type { MaskStyle, Obligation, Redacting } from '../../src/domain/obligation.js'
import { applyObligations, ObligationFault } from '../../src/pipeline/oblige.js'
import { createPatterns } from '../../src/policy/patterns.js'
import { sensitivePaths } from '../../src/wire/sensitive-paths.js'
import { createRandom, type Random } from '../support/random.js'

const patterns = createPatterns()

/** A result, and what of it may not and must be read afterwards. */
interface Scene {
  readonly source: string
  readonly isError: boolean
  readonly secrets: readonly string[]
  /** Literals outside of strings. */
  readonly kept: readonly string[]
  /** Contents that no path can be followed into. */
  readonly unreadable: number
}

/** What is hidden in each scene: the salary and the address of whoever is described. */
const wishes = [
  ['salary', 'contact.email'],
  ['**.salary', '"contact".email'],
  ['response.**.salary', 'response.**.contact.email'],
  ['response.structuredContent.**.salary', 'response.structuredContent.**.email'],
] as const

const schema = {
  $defs: {
    person: {
      properties: {
        salary: { type: ['number', 'object'], sensitive: true },
        contact: { properties: { email: { sensitive: true } } },
        staff: { items: { $ref: '#/$defs/person' } },
      },
    },
  },
  anyOf: [
    { $ref: '#/$defs/person' },
    { properties: { result: { items: { $ref: '#/$defs/person' } } } },
    { items: { $ref: '#/$defs/person' } },
  ],
}

function createScene(random: Random, withUnreadable: boolean): Scene {
  const secrets: string[] = []
  const kept: string[] = []
  let unreadable = 0
  let count = 100
  const people = Array.from({ length: 1 + random.below(3) }, () => person(2))
  const isWrapped = random.below(3) === 0
  const value = isWrapped ? `{"result":[${people.join(' , ')}]}` : (people[0] ?? '{}')
  const structured = literals(value)
  if (random.below(8) === 0) {
    const error = `{"code":-1,"message":"x","data":${nested(value, random.below(3))}}`
    return { source: error, isError: true, secrets, kept: [], unreadable: 0 }
  }
  const texts = isWrapped && random.below(2) === 0 ? people : [value]
  const blocks = texts.map((text) => readable(text))
  if (withUnreadable) blocks.splice(random.below(blocks.length + 1), 0, unreadableOf(value))
  const source = `{ "content" : [${blocks.join(', ')}],"structuredContent": ${value} }`
  kept.push(...structured)
  return { source, isError: false, secrets, kept, unreadable }

  function person(depth: number): string {
    count += 1
    const [id, key] = [count, random.oneOf(['"salary"', '"sal\\u0061ry"'])]
    secrets.push(`SALARY${id}Q`, `MAIL${id}Q`)
    const salary = random.oneOf([`"SALARY${id}Q"`, `{"net":["SALARY${id}Q", 1.0]}`])
    const staff = depth > 0 && random.below(2) === 0 ? person(depth - 1) : undefined
    const members = [
      `"name" : "KEPT${id}\\u0051"`,
      `${key}: ${salary}`,
      `"contact":{ "email":"MAIL${id}Q","phone":90071992547409${id}.0 }`,
      ...(staff === undefined ? [] : [`"staff":[ ${staff} ]`]),
    ]
    if (random.below(4) === 0) members.reverse()
    return `{ ${members.join(random.oneOf([',', ' ,\n']))}}`
  }
  function readable(text: string): string {
    const around = random.oneOf(['', '\ufeff', ' \n'])
    const literal = JSON.stringify(around + nested(text, random.below(4)) + around.trim())
    return random.oneOf([
      `{"type":"text","text":${literal}}`,
      `{"type":"resource","resource":{"uri":"x:y","text":${literal}}}`,
      `{"text":${literal.replaceAll('{', '\\u007b')},"type":"text"}`,
    ])
  }
  function unreadableOf(text: string): string {
    unreadable += 1
    const plain = JSON.stringify(`Here you are: ${text}`)
    const base64 = JSON.stringify(Buffer.from(text).toString('base64'))
    return random.oneOf([
      `{"type":"text","text":${plain}}`,
      `{"type":"text","text":${JSON.stringify(`${text}\n${text}`)}}`,
      `{"type":"text","text":${JSON.stringify(text.replace(/\}$/, ',}'))}}`,
      `{"type":"text","text":${nested(text, 6)}}`,
      `{"type":"text","text":"${secrets[0] ?? ''}"}`,
      `{"type":"text","text":${JSON.stringify(JSON.stringify(secrets[0]))}}`,
      `{"type":"image","mimeType":"image/png","data":${base64}}`,
      `{"type":"resource","resource":{"uri":"x:y","blob":${base64}}}`,
      `{"type":"resource","resource":{"uri":"x:y","text":${plain}}}`,
    ])
  }
}

function nested(document: string, levels: number): string {
  return levels === 0 ? document : nested(JSON.stringify(document), levels - 1)
}

function literals(value: string): readonly string[] {
  return value.match(/"KEPT\d+\\u0051"|90071992547409\d+\.0/g) ?? []
}

/** Everything that anyone could make of a text: escapes, JSON in strings and Base64 read again and again. */
function readings(text: string, depth = 0): string {
  if (depth > 8) return text
  const inner: string[] = [text]
  for (const literal of text.match(/"(?:[^"\\]|\\.)*"/gs) ?? []) {
    try {
      const decoded = String(JSON.parse(literal))
      if (decoded !== text) inner.push(readings(decoded, depth + 1))
    } catch {
      continue
    }
  }
  if (/^[A-Za-z0-9+/]{20,}=*$/.test(text)) {
    inner.push(readings(Buffer.from(text, 'base64').toString(), depth + 1))
  }
  return inner.join('\n')
}

const styles: readonly [MaskStyle, ...MaskStyle[]] = [
  { type: 'text', text: '****' },
  { type: 'partial', keep: 1 },
  { type: 'hash', salt: 's' },
  { type: 'email' },
  { type: 'preserve_type' },
]

function wishOf(random: Random, onUnreadable: Redacting['onUnreadable']): readonly Obligation[] {
  const redacting = { onUnreadable, onMissing: 'deny' } as const
  const kind = random.below(4)
  if (kind === 0) return [{ type: 'filter_sensitive', paths: undefined, ...redacting }]
  const paths = random.oneOf<readonly string[]>(wishes).map(parseFieldPath)
  const style = random.oneOf(styles)
  if (kind === 1) return [{ type: 'filter', paths, ...redacting }]
  if (kind === 2) return [{ type: 'mask', paths, style, ...redacting }]
  return paths.map((path, index) =>
    index === 0
      ? { type: 'filter', paths: [path], ...redacting }
      : { type: 'mask', paths: [path], style, ...redacting },
  )
}

function left({ source, isError }: Scene, obligations: readonly Obligation[]): string {
  const text = Buffer.from(source)
  const root = { name: 'response', span: { start: 0, end: text.length }, isError } as const
  const sensitive = sensitivePaths(schema)
  const applied = applyObligations({ text, root, obligations, patterns, sensitive })
  if (applied instanceof Promise) throw new Error('Nothing is rewritten here')
  return applied.text.toString()
}

function applies({ isError }: Scene, obligations: readonly Obligation[]): boolean {
  const isAnchored = obligations.some(
    ({ type, ...rest }) =>
      type === 'filter_sensitive' ||
      ('paths' in rest && rest.paths?.some(({ source }) => source.includes('structuredContent'))),
  )
  return !(isError && isAnchored)
}

function checkHidden(scene: Scene, result: string, context: string): void {
  const all = readings(result)
  JSON.parse(result)
  for (const secret of scene.secrets) expect(all.includes(secret), context).toBe(false)
  for (const literal of scene.kept) expect(result, context).toContain(literal)
}

describe('no value at a hidden path can be read', () => {
  test('through structuredContent, JSON in texts, JSON in strings, or error data', () => {
    let hidden = 0
    for (let seed = 0; seed < 250; seed += 1) {
      const random = createRandom(seed)
      const scene = createScene(random, false)
      const obligations = wishOf(random, random.oneOf(['deny', 'remove', 'pass']))
      if (!applies(scene, obligations)) continue
      const context = `seed ${seed}\n${scene.source}\n${JSON.stringify(obligations)}`
      checkHidden(scene, left(scene, obligations), context)
      hidden += scene.secrets.length
    }
    expect(hidden).toBeGreaterThan(400)
  })

  test('through text that is no JSON, Base64 or JSON too deep in strings: that is denied, or goes', () => {
    for (let seed = 0; seed < 250; seed += 1) {
      const random = createRandom(seed + 10_000)
      const scene = createScene(random, true)
      if (scene.isError) continue
      const context = `seed ${seed}\n${scene.source}`
      expect(() => left(scene, wishOf(random, 'deny')), context).toThrow(ObligationFault)
      const result = left(scene, wishOf(random, 'remove'))
      checkHidden(scene, result, context)
      const blocksIn = (text: string) => (JSON.parse(text) as { content: unknown[] }).content.length
      expect(blocksIn(result), context).toBe(blocksIn(scene.source) - scene.unreadable)
    }
  })

  test('through the params of a notification', () => {
    const scene: Scene = {
      source: `{"level":"info","data":{"who":${JSON.stringify('{"salary":"S1Q"}')},"salary":"S2Q"}}`,
      isError: false,
      secrets: ['S1Q', 'S2Q'],
      kept: ['"info"'],
      unreadable: 0,
    }
    const paths = [parseFieldPath('salary')]
    const wish: Obligation = { type: 'filter', paths, onUnreadable: 'deny', onMissing: 'deny' }
    checkHidden(scene, left(scene, [wish]), scene.source)
  })
})
