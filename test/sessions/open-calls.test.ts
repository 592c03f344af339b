import { describe, expect, test } from 'vitest'
import { createOpenCalls, type OpenCall } from '../../src/sessions/open-calls.js'

const session = { id: 's', upstreamId: 'x' }
const other = { id: 't', upstreamId: 'y' }

function openCalls(limits: { calls?: number; bytes?: number; events?: number } = {}) {
  return createOpenCalls<string>({ calls: 10, bytes: 100_000, events: 10, ...limits })
}

const kept =
  (value: string, bytes = 1) =>
  () => ({ value, bytes })

function finish(call: OpenCall<string> | undefined, id: string): void {
  call?.answered(id)
  call?.ended()
}

describe('a resumed reply belongs to a call', () => {
  test('on whose stream the event passed that the client saw last, and under its id', () => {
    const calls = openCalls()
    calls.open(session, '1')?.passed('a', kept('one'))
    calls.open(session, '2')?.passed('b', kept('two'))
    expect(calls.resumed(session, 'a')?.recall('1')).toBe('one')
    expect(calls.resumed(session, 'b')?.recall('2')).toBe('two')
    expect(calls.resumed(session, 'a')?.recall('2')).toBeUndefined()
    expect(calls.resumed(session, 'a')?.known()).toBe('one')
    expect(calls.resumed(session, 'c')).toBeUndefined()
    expect(calls.resumed(other, 'a')).toBeUndefined()
    expect(calls.resumed(undefined, 'a')).toBeUndefined()
    expect(calls.resumed(session, undefined)).toBeUndefined()
  })

  test('again, by the events of the stream that resumed it', () => {
    const calls = openCalls()
    calls.open(session, '1')?.passed('a', kept('one'))
    calls.resumed(session, 'a')?.passed('b', () => undefined)
    expect(calls.resumed(session, 'b')?.recall('1')).toBe('one')
  })

  test('after its end too: what a client lost of it is judged the same', () => {
    const calls = openCalls()
    const call = calls.open(session, '1')
    call?.passed('a', kept('one'))
    finish(call, '1')
    expect(calls.resumed(session, 'a')?.recall('1')).toBe('one')
  })
})

describe('a resumed reply belongs to no call', () => {
  test('where a second call came under the id of one whose reply is still to come', () => {
    const calls = openCalls()
    const first = calls.open(session, '1')
    first?.passed('a', kept('one'))
    expect(calls.open(session, '1')).toBeUndefined()
    expect(first?.recall('1')).toBeUndefined()
    expect(calls.resumed(session, 'a')).toBeUndefined()
    first?.passed('b', kept('one'))
    expect(calls.resumed(session, 'b')).toBeUndefined()
  })

  test('where its call is done and another came under its id', () => {
    const calls = openCalls()
    const first = calls.open(session, '1')
    first?.passed('a', kept('one'))
    finish(first, '1')
    calls.open(session, '1')?.passed('b', kept('two'))
    expect(calls.resumed(session, 'a')).toBeUndefined()
    expect(calls.resumed(session, 'b')?.recall('1')).toBe('two')
  })

  test('where its stream ended without an answer and the id came again', () => {
    const calls = openCalls()
    const first = calls.open(session, '1')
    first?.answered('2')
    first?.ended()
    expect(calls.open(session, '1')).toBeUndefined()
  })

  test('where an event passed on the streams of two calls', () => {
    const calls = openCalls()
    calls.open(session, '1')?.passed('a', kept('one'))
    calls.open(session, '2')?.passed('a', kept('two'))
    expect(calls.resumed(session, 'a')).toBeUndefined()
  })

  test('where too much would have to be kept of its call, and that id names none any more', () => {
    const calls = openCalls()
    calls.open(session, '1')?.passed('a', () => undefined)
    expect(calls.resumed(session, 'a')).toBeUndefined()
    expect(calls.open(session, '1')).toBeUndefined()
  })
})

describe('what is kept of open calls is bounded', () => {
  test('by their number: the oldest goes, and its id names no later call', () => {
    const calls = openCalls({ calls: 2 })
    for (const id of ['1', '2', '3']) calls.open(session, id)?.passed(`e${id}`, kept(id))
    expect(calls.resumed(session, 'e1')).toBeUndefined()
    expect(calls.resumed(session, 'e2')?.recall('2')).toBe('2')
    expect(calls.open(session, '1')).toBeUndefined()
  })

  test('by bytes', () => {
    const calls = openCalls({ bytes: 10_000 })
    calls.open(session, '1')?.passed('a', kept('one', 6000))
    calls.open(session, '2')?.passed('b', kept('two', 6000))
    expect(calls.resumed(session, 'a')).toBeUndefined()
    expect(calls.resumed(session, 'b')?.recall('2')).toBe('two')
    calls.open(session, '3')?.passed('c', kept('three', 2000))
    expect(calls.resumed(session, 'b')?.recall('2')).toBe('two')
  })

  test('by events: of one call the latest are known', () => {
    const calls = openCalls({ events: 2 })
    const call = calls.open(session, '1')
    for (const event of ['a', 'b', 'c']) call?.passed(event, kept('one'))
    expect(calls.resumed(session, 'a')).toBeUndefined()
    expect(calls.resumed(session, 'b')?.recall('1')).toBe('one')
    expect(calls.resumed(session, 'c')?.recall('1')).toBe('one')
  })

  test('a call without events is gone with its answer', () => {
    const calls = openCalls()
    const call = calls.open(session, '1')
    finish(call, '1')
    expect(call?.recall('1')).toBeUndefined()
    expect(calls.open(session, '1')).toBeDefined()
  })

  test('ids of any length are told apart', () => {
    const calls = openCalls()
    const long = 'x'.repeat(5000)
    calls.open(session, `${long}1`)?.passed(`${long}a`, kept('one'))
    expect(calls.resumed(session, `${long}a`)?.recall(`${long}1`)).toBe('one')
    expect(calls.resumed(session, `${long}a`)?.recall(`${long}2`)).toBeUndefined()
    expect(calls.resumed(session, `${long}b`)).toBeUndefined()
  })
})
