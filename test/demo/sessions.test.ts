import { expect, test } from 'vitest'
import type { Endpoint } from '../../src/demo/endpoint.js'
import { createSessions } from '../../src/demo/sessions.js'

function sessionsAt(options: { max?: number; idleMs?: number }) {
  const clock = { time: 0 }
  const closed: string[] = []
  const sessions = createSessions({ now: () => clock.time, ...options })
  const endpoint = (id: string): Endpoint => ({
    answer: () => Promise.resolve(new Response()),
    close: () => {
      closed.push(id)
      return Promise.resolve()
    },
  })
  const add = (id: string) => sessions.add(id, endpoint(id))
  return { sessions, clock, closed, add }
}

test('the session that was used least recently gives way to a new one', () => {
  const { sessions, closed, add } = sessionsAt({ max: 2 })
  add('a')
  add('b')
  expect(sessions.find('a')).toBeDefined()
  add('c')
  expect(closed).toEqual(['b'])
  expect(sessions.find('a')).toBeDefined()
  expect(sessions.find('b')).toBeUndefined()
})

test('a session that nobody used for long is closed', () => {
  const { sessions, clock, closed, add } = sessionsAt({ idleMs: 100 })
  add('a')
  add('b')
  clock.time = 60
  expect(sessions.find('b')).toBeDefined()
  clock.time = 120
  expect(sessions.find('a')).toBeUndefined()
  expect(sessions.find('b')).toBeDefined()
  expect(closed).toEqual(['a'])
})

test('closing closes every session once', async () => {
  const { sessions, closed, add } = sessionsAt({})
  add('a')
  add('b')
  sessions.remove('a')
  await sessions.close()
  await sessions.close()
  expect(closed).toEqual(['b'])
})
