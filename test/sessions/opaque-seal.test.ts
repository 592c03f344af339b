import { describe, expect, test } from 'vitest'
import { createOpaqueSeal } from '../../src/sessions/opaque-seal.js'
import { createSeal } from '../../src/sessions/seal.js'
import { createSessions } from '../../src/sessions/sessions.js'

const key = Buffer.alloc(32, 1)
const newKey = Buffer.alloc(32, 2)
const text = '{"a":"secret-id"}'

describe('an opaque seal', () => {
  const seal = createOpaqueSeal([key])
  const sealed = seal.close(text, 'alice')

  test('opens for the principal that it was closed for, with any replica’s copy of the key', () => {
    expect(createOpaqueSeal([key]).open(sealed, 'alice')).toBe(text)
  })

  test('shows nothing, and never looks the same', () => {
    expect(sealed).toMatch(/^[\w-]+$/)
    expect(Buffer.from(sealed, 'base64url').toString('latin1')).not.toContain('secret')
    expect(seal.close(text, 'alice')).not.toBe(sealed)
  })

  const flipped = Buffer.from(sealed, 'base64url')
  flipped[14] = (flipped[14] ?? 0) ^ 1

  test.each([
    ['another principal', sealed, 'bob'],
    ['nobody', sealed, ''],
    ['a changed byte', flipped.toString('base64url'), 'alice'],
    ['a cut end', sealed.slice(0, -2), 'alice'],
    ['more at the end', `${sealed}AAAA`, 'alice'],
    ['characters that a decoder skips', `${sealed.slice(0, 9)}.${sealed.slice(9)}`, 'alice'],
    ['nothing', '', 'alice'],
    ['too little', 'AAAA', 'alice'],
    ['another key', createOpaqueSeal([newKey]).close(text, 'alice'), 'alice'],
    ['the other seal', createSeal([key], 'session of one').close(text, 'alice'), 'alice'],
  ])('does not open for %s', (_what, id, principal) => {
    expect(seal.open(id, principal)).toBeUndefined()
  })

  test('takes long texts, and makes them shorter where they repeat', () => {
    const long = JSON.stringify({ a: 'x'.repeat(6000), b: '☃' })
    const closed = seal.close(long, 'alice')
    expect(seal.open(closed, 'alice')).toBe(long)
    expect(closed.length).toBeLessThan(1000)
  })
})

describe.each([
  ['opaque', createOpaqueSeal],
  ['tagging', (keys: readonly Buffer[]) => createSeal(keys, 'session of one')],
])('while keys change, the %s seal', (_what, create) => {
  const before = create([key])
  const rotated = create([newKey, key])

  test('closes with the first key and opens with all', () => {
    expect(rotated.open(before.close(text, 'alice'), 'alice')).toBe(text)
    expect(create([newKey]).open(rotated.close(text, 'alice'), 'alice')).toBe(text)
    expect(before.open(rotated.close(text, 'alice'), 'alice')).toBeUndefined()
  })

  test('needs a key', () => {
    expect(() => create([])).toThrow(RangeError)
  })
})

test('sessions take ids as long as they are told to', () => {
  const seal = createOpaqueSeal([key])
  const long = Array.from({ length: 100 }, (_, i) => Math.sin(i)).join(' ')
  const id = seal.close(long, '')
  expect(id.length).toBeGreaterThan(1024)
  expect(createSessions(seal, { maxLength: 8192 }).find(id, '')?.upstreamId).toBe(long)
  expect(() => createSessions(seal).find(id, '')).toThrow(
    expect.objectContaining({ code: 'session_not_found' }),
  )
})
