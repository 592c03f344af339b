import { describe, expect, test } from 'vitest'
import { createTaskMemory } from '../../src/sessions/task-memory.js'

const session = (id: string) => ({ id, upstreamId: id })
const memory = (limits = {}) => createTaskMemory<string>({ tasks: 10, bytes: 100_000, ...limits })

describe('what is kept of a task', () => {
  test('is found by its id in its session, and nowhere else', () => {
    const tasks = memory()
    tasks.keep(session('s-1'), 't-1', 'one', 0)
    tasks.keep(undefined, 't-1', 'other', 0)
    expect(tasks.find(session('s-1'), 't-1')).toBe('one')
    expect(tasks.find(undefined, 't-1')).toBe('other')
    expect(tasks.find(session('s-2'), 't-1')).toBeUndefined()
    expect(tasks.find(session('s-1'), 't-2')).toBeUndefined()
  })

  test('is what was kept last', () => {
    const tasks = memory()
    tasks.keep(undefined, 't-1', 'one', 0)
    tasks.keep(undefined, 't-1', 'two', 0)
    expect(tasks.find(undefined, 't-1')).toBe('two')
  })

  test('goes with the oldest where there are too many', () => {
    const tasks = memory({ tasks: 2 })
    for (const id of ['a', 'b', 'c']) tasks.keep(undefined, id, id, 0)
    expect(['a', 'b', 'c'].map((id) => tasks.find(undefined, id))).toEqual([undefined, 'b', 'c'])
  })

  test('goes with the oldest where they take too much room', () => {
    const tasks = memory({ bytes: 10_000 })
    for (const id of ['a', 'b', 'c']) tasks.keep(undefined, id, id, 4_500)
    expect(['a', 'b', 'c'].map((id) => tasks.find(undefined, id))).toEqual([undefined, 'b', 'c'])
    tasks.keep(undefined, 'd', 'd', 20_000)
    expect(['b', 'c', 'd'].map((id) => tasks.find(undefined, id))).toEqual([
      undefined,
      undefined,
      undefined,
    ])
    tasks.keep(undefined, 'e', 'e', 9_000)
    expect(tasks.find(undefined, 'e')).toBe('e')
  })
})
