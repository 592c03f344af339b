import { describe, expect, test } from 'vitest'
import { createCorrelation } from '../../src/sessions/correlation.js'
import { createRecent } from '../../src/domain/recent.js'
import { createSeal, openSeal } from '../../src/sessions/seal.js'
import { createSessions } from '../../src/sessions/sessions.js'

const seal = createSeal([Buffer.alloc(32, 1)], 'session of one')

describe('a sealed session', () => {
  test('opens for the principal that it was issued to, with any replica’s copy of the key', () => {
    const replica = createSeal([Buffer.alloc(32, 1)], 'session of one')
    expect(replica.open(seal.close('abc.def', 'alice'), 'alice')).toBe('abc.def')
  })

  test.each([
    ['another principal', seal.close('abc', 'alice'), 'bob'],
    ['nobody', seal.close('abc', 'alice'), ''],
    ['a bare id', 'abc', 'alice'],
    ['a cut tag', seal.close('abc', 'alice').slice(0, -1), 'alice'],
    ['another id under the same tag', `xbc${seal.close('abc', 'alice').slice(3)}`, 'alice'],
    [
      'another server',
      createSeal([Buffer.alloc(32, 1)], 'session of two').close('abc', 'alice'),
      'alice',
    ],
    [
      'another key',
      createSeal([Buffer.alloc(32, 2)], 'session of one').close('abc', 'alice'),
      'alice',
    ],
    ['nothing', '', 'alice'],
  ])('does not open for %s', (_what, id, principal) => {
    expect(seal.open(id, principal)).toBeUndefined()
  })

  test('is another principal’s: the answer is that of a session which is gone', () => {
    const sessions = createSessions(seal)
    expect(() => sessions.find(seal.close('abc', 'alice'), 'bob')).toThrow(
      expect.objectContaining({ code: 'session_not_found' }),
    )
  })
})

describe('sessions are known by a digest', () => {
  test('the live id never shows, and the same session has the same digest', () => {
    const sessions = createSessions(openSeal)
    const first = sessions.find('live-id', '')
    expect(first?.upstreamId).toBe('live-id')
    expect(first?.id).toMatch(/^[0-9a-f]{32}$/)
    expect(sessions.find('live-id', '')?.id).toBe(first?.id)
  })

  test('facts are kept from initialize until the session ends', () => {
    const sessions = createSessions(openSeal)
    sessions.begin('s', { claimed: { name: 'c', version: '1' }, protocol: '2025-11-25' })
    const session = sessions.find('s', '')
    expect(sessions.facts(session)?.protocol).toBe('2025-11-25')
    expect(sessions.count).toBe(1)
    if (session !== undefined) sessions.forget(session)
    expect(sessions.count).toBe(0)
    expect(sessions.facts(session)).toBeUndefined()
  })
})

describe('what is kept is bounded', () => {
  test('the least recently used goes first', () => {
    const recent = createRecent<string, number>(3)
    recent.set('a', 1)
    recent.set('b', 2)
    recent.set('c', 3)
    expect(recent.get('a')).toBe(1)
    recent.set('d', 4)
    expect(recent.get('b')).toBeUndefined()
    expect(recent.get('a')).toBe(1)
    expect(recent.size).toBe(3)
  })

  test('two sessions with the same request id do not meet', () => {
    const correlation = createCorrelation(10)
    const one = { id: '1', upstreamId: 'x' }
    const two = { id: '2', upstreamId: 'y' }
    correlation.keep(one, '7', 'sampling/createMessage')
    expect(correlation.take(two, '7')).toBeUndefined()
    expect(correlation.take(undefined, '7')).toBeUndefined()
    expect(correlation.take(one, '7')).toBe('sampling/createMessage')
    expect(correlation.take(one, '7')).toBeUndefined()
  })

  test('long ids are told apart, and a text that is too long takes the place of none', () => {
    const correlation = createCorrelation(10)
    const session = { id: '1', upstreamId: 'x' }
    const long = 'x'.repeat(5000)
    correlation.keep(session, `${long}a`, 'roots/list')
    expect(correlation.take(session, `${long}b`)).toBeUndefined()
    expect(correlation.take(session, `${long}a`)).toBe('roots/list')
    correlation.keep(session, '7', 'roots/list')
    correlation.keep(session, '7', long)
    expect(correlation.take(session, '7')).toBeUndefined()
  })
})

test('an id that MCP does not allow names no session, and one that is long is known all the same', () => {
  const sessions = createSessions(openSeal)
  for (const id of ['x'.repeat(1025), 'a b', 'caf\xe9', 'a\tb']) {
    expect(() => sessions.find(id, '')).toThrow(
      expect.objectContaining({ code: 'session_not_found' }),
    )
  }
  const long = 'x'.repeat(1024)
  sessions.begin(long, { claimed: undefined, protocol: '2025-11-25' })
  expect(sessions.facts(sessions.find(long, ''))?.protocol).toBe('2025-11-25')
})
