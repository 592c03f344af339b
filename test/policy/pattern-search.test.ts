import { describe, expect, test } from 'vitest'
import { createPatterns } from '../../src/policy/patterns.js'
import { createRandom } from '../support/random.js'
import { closedAfterEach } from '../support/opened.js'

describe('a search that tells what it takes', () => {
  const keep = closedAfterEach()
  const random = createRandom(7)
  const letters = Array.from({ length: 20_000 }, () => random.oneOf(['a', 'b'])).join('')

  function searched(source: string, text: string) {
    const told = { explored: 0, gaveUp: 0 }
    const pattern = keep(createPatterns()).compile(source)
    const search = () =>
      pattern.search(text, {
        explore: (instructions) => (told.explored += instructions),
        giveUp: () => (told.gaveUp += 1),
      })
    return { search, told, test: () => pattern.test(text) }
  }

  test.each([
    ['(?i)\\b(?:drop|alter)\\s+table\\b', 'SELECT 1; drop   TABLE users'],
    ['(?i)\\b(?:drop|alter)\\s+table\\b', 'dropped tables'],
    ['^\\d{3}-\\d{2}-\\d{4}$', '078-05-1120'],
    ['(?:AKIA|ASIA)[0-9A-Z]{16}', `key=AKIAIOSFODNN7EXAMPLE`],
    ['\\p{L}+ä(?:x|y)', 'Präy'],
  ])('finds what a test of %s finds', (source, text) => {
    const { search, test: plain } = searched(source, text)
    expect(search()).toBe(plain())
  })

  test('of an ordinary pattern takes little beyond a look at each character', () => {
    const { search, told } = searched('(?i)(?:password|token|secret)\\s*[:=]', letters)
    search()
    expect(told.explored).toBeLessThan(500)
    expect(told.gaveUp).toBe(0)
  })

  test('of a pattern with more ways than can be kept says so', () => {
    const { search, told } = searched('[ab]*a[ab]{300}(?:c|d)', letters)
    search()
    expect(told.explored).toBeGreaterThan(100_000)
  })

  test('ends where whoever is told throws, and the pattern is fit for the next text', () => {
    const { search, test: plain } = searched(
      '[ab]*a[ab]{12}(?:c|d)',
      `${letters}a${'b'.repeat(12)}c`,
    )
    const pattern = keep(createPatterns()).compile('[ab]*a[ab]{12}(?:c|d)')
    const stop = () => {
      throw new Error('enough')
    }
    expect(() => pattern.search(letters, { explore: stop, giveUp: stop })).toThrow('enough')
    expect(pattern.search('aaaaaaaaaaaaaac', { explore: () => undefined, giveUp: stop })).toBe(true)
    expect(search()).toBe(plain())
  })
})
