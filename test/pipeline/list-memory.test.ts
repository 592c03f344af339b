import { describe, expect, test } from 'vitest'
import { createCallDescriber } from '../../src/domain/policy-input.js'
import { createListMemory, type SeenPage } from '../../src/pipeline/list-memory.js'
import { callOf } from '../support/entries.js'

const describeCall = createCallDescriber('all')
const description = describeCall(
  callOf('{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}'),
)

function page(cursor: string, text = '[]', changes: Partial<SeenPage> = {}): SeenPage {
  const items = { text: Buffer.from(text), names: [] }
  const shown = { shown: 's', policyDigest: 'p' }
  return { list: 'tools', kind: 'tools/list', cursor, description, items, ...shown, ...changes }
}

const megabyte = 1024 * 1024
const long = (letter: string): string => `["${letter.repeat(megabyte)}"]`

describe('what a reader was shown', () => {
  test('is kept page by page, until its listing begins anew', () => {
    const memory = createListMemory(megabyte)
    memory.keep('a', page(''))
    memory.keep('a', page('"2"'))
    memory.keep('a', page('"2"', '[1]'))
    memory.keep('a', page('', '[]', { list: 'prompts', kind: 'prompts/list' }))
    const kept = (): unknown[] =>
      [...(memory.find('a')?.pages.values() ?? [])].map(({ kind, cursor, items }) => [
        kind,
        cursor,
        items.text.toString(),
      ])
    expect(kept()).toEqual([
      ['tools/list', '', '[]'],
      ['tools/list', '"2"', '[1]'],
      ['prompts/list', '', '[]'],
    ])
    memory.keep('a', page('', '[2]'))
    expect(kept()).toEqual([
      ['prompts/list', '', '[]'],
      ['tools/list', '', '[2]'],
    ])
  })

  test('takes no more pages than a list may have', () => {
    const memory = createListMemory(100 * megabyte)
    for (let cursor = 1; cursor <= 1000; cursor += 1) memory.keep('a', page(`"${cursor}"`))
    expect(memory.find('a')?.pages.size).toBe(256)
  })

  test('is forgotten from whoever listed longest ago when it takes too much memory', () => {
    const memory = createListMemory(3 * megabyte)
    for (const reader of ['a', 'b']) memory.keep(reader, page('', long(reader)))
    memory.keep('a', page('', long('c')))
    memory.keep('d', page('', long('d')))
    const known = ['a', 'b', 'd'].filter((reader) => memory.find(reader) !== undefined)
    expect(known).toEqual(['a', 'd'])
  })

  test('takes the memory of one where all were shown the same', () => {
    const memory = createListMemory(3 * megabyte)
    for (let reader = 0; reader < 500; reader += 1) memory.keep(`r${reader}`, page('', long('x')))
    expect(memory.find('r0')?.pages.get('tools/list ')?.items).toBe(
      memory.find('r499')?.pages.get('tools/list ')?.items,
    )
    // Given up by all, it takes none.
    for (let reader = 0; reader < 500; reader += 1) memory.keep(`r${reader}`, page(''))
    memory.keep('other', page('', long('y')))
    memory.keep('another', page('', long('z')))
    expect(memory.find('r499')).toBeDefined()
    expect(memory.find('other')).toBeDefined()
  })

  test('is bounded for readers of whom only the handshake is known', () => {
    const memory = createListMemory(10_000)
    for (let reader = 0; reader < 1000; reader += 1) {
      memory.reader(`r${reader}`).announced = { lists: ['tools'], own: [] }
    }
    expect(memory.find('r0')).toBeUndefined()
    expect(memory.find('r999')?.announced.lists).toEqual(['tools'])
  })
})
