import { createRequire } from 'node:module'
import { RE2JS } from 're2js'
import { afterAll, describe, expect, test } from 'vitest'
import { createRewriter } from '../../src/policy/patterns-worker.js'
import { createPatterns } from '../../src/policy/patterns.js'

const patterns = createPatterns()
afterAll(() => patterns.close())

describe('compiling', () => {
  test('understands \\uXXXX, pairs included, and leaves what is quoted or escaped', () => {
    const ansi = patterns.compile('\\u001B\\[[0-9;]*m')
    expect(ansi.replaceAll('\u001b[31mALERT\u001b[0m', '')).toBe('ALERT')
    expect(patterns.compile('[\\u0041-\\u0043]').replaceAll('ABCD', '-')).toBe('---D')
    expect(patterns.compile('\\uD83D\\uDE00+').replaceAll('😀😀!', 'x')).toBe('x!')
    expect(patterns.compile('\\\\u0041').test('\\u0041')).toBe(true)
    expect(patterns.compile('\\Q\\u0041\\E').test('\\u0041')).toBe(true)
    expect(patterns.compile('\\Q\\u0041\\E\\u0042').test('\\u0041B')).toBe(true)
  })

  test('is done once for a source', () => {
    expect(patterns.compile('[a-z]+x')).toBe(patterns.compile('[a-z]+x'))
  })

  test('goes on after more patterns than are kept', () => {
    for (let index = 0; index < 1100; index++) patterns.compile(`p${index}`)
    expect(patterns.compile('p0').test('p0')).toBe(true)
  })

  test.each([
    '(?=a)',
    '(?<=a)b',
    '\\1',
    '(',
    '[a',
    'a**',
    '\\u00',
    'a{1001}',
    `${'('.repeat(2000)}a`,
  ])('refuses %s with a message for authors', (source) =>
    expect(() => patterns.compile(source)).toThrow('pattern is not RE2'),
  )

  test('refuses a source that is too long', () => {
    expect(() => patterns.compile('a'.repeat(4097))).toThrow('longer than 4096')
  })
})

describe('replacing', () => {
  test('gives $ and \\ no meaning', () => {
    expect(patterns.compile('(a)').replaceAll('bab', '$1$&$$\\1')).toBe('b$1$&$$\\1b')
  })

  test('is linear where backtracking would not end', () => {
    expect(patterns.compile('(a+)+$').replaceAll(`${'a'.repeat(5000)}!`, '')).toHaveLength(5001)
  })
})

describe('the required text', () => {
  test.each([
    ['\\u001B\\[[0-9;]*m', '\u001b['],
    ['password=\\S+', 'password='],
    ['^abc$', 'abc'],
    ['ab+c', 'ab'],
    ['ab*c', 'a'],
    ['ab?c', 'a'],
    ['ab{0,2}', 'a'],
    ['a+?b', ''],
    ['a|b', ''],
    ['(?i)abc', ''],
    ['a(?i)bc', ''],
    ['(abc)', ''],
    ['\\d+', ''],
    ['.abc', ''],
    ['\\uD83D\\uDE00*', ''],
    ['\\x{1F600}a', '😀a'],
    ['😀*a', ''],
    ['\\Qa\\E', ''],
    ['', ''],
  ])('of %s is %j', (source, required) => {
    expect(patterns.compile(source).required).toBe(required)
  })

  test('is in every match of every pattern', () => {
    const random = generator(7)
    const pick = (choices: readonly string[]) =>
      choices[Math.floor(random() * choices.length)] ?? ''
    const atoms = [
      'a',
      'b',
      'A',
      '\\.',
      '\\x61',
      '\\x{62}',
      '\\u0061',
      '[ab]',
      '(a)',
      '(?:b)',
      '(?i)',
      '.',
      '^',
      '\\Qa\\E',
      '😀',
      '\\uD83D\\uDE00',
    ]
    const marks = ['', '', '', '', '*', '+', '?', '{0}', '{1,2}', '{0,1}', '+?', '*?', '|', '{']
    let found = 0
    for (let round = 0; round < 3000; round++) {
      let source = ''
      for (let length = 1 + random() * 4; length > 0; length--) source += pick(atoms) + pick(marks)
      const pattern = tryCompile(source)
      if (pattern === undefined || pattern.required === '') continue
      for (let tries = 0; tries < 10; tries++) {
        const text = Array.from({ length: 6 }, () =>
          pick(['a', 'b', 'A', 'B', '.', '😀', '{']),
        ).join('')
        if (!RE2JS.compile(spelledForRe2(source)).test(text)) continue
        found += 1
        expect(text, source).toContain(pattern.required)
      }
    }
    expect(found).toBeGreaterThan(300)
  })
})

describe('rewriting off the serving thread', () => {
  test('gives what replacing gives', async () => {
    const ansi = patterns.compile('\\u001B\\[[0-9;]*m')
    const digits = patterns.compile('[0-9]+')
    const texts = ['\u001b[31mred 5', 'plain', `${'x'.repeat(300_000)}42`]
    const steps = [
      { pattern: ansi, with: '' },
      { pattern: digits, with: '$&' },
    ]
    expect(await patterns.rewrite(texts, steps)).toEqual([
      'red $&',
      'plain',
      `${'x'.repeat(300_000)}$&`,
    ])
  })

  test('answers many jobs at once, each with its own texts', async () => {
    const pattern = patterns.compile('n')
    const jobs = Array.from({ length: 50 }, (_, index) =>
      patterns.rewrite([`n${index}`], [{ pattern, with: 'm' }]),
    )
    expect(await Promise.all(jobs)).toEqual(jobs.map((_, index) => [`m${index}`]))
  })

  test('starts a new thread after one has failed', async () => {
    const own = createPatterns()
    const pattern = own.compile('')
    // Some 600 million characters: more than the thread may have.
    const failing = own.rewrite(['x'.repeat(600_000)], [{ pattern, with: 'y'.repeat(1000) }])
    await expect(failing).rejects.toThrow(/replaces texts|could not be replaced/)
    expect(await own.rewrite(['a'], [{ pattern: own.compile('a'), with: 'b' }])).toEqual(['b'])
    await own.close()
  })

  test('a job that runs for too long rejects alone, and those that wait go on', async () => {
    const enginePath = createRequire(import.meta.url).resolve('re2js')
    const rewriter = createRewriter({ enginePath, longestRunMs: 100 })
    const slow = { source: 'a.*b|a', required: '', with: '' }
    const quick = { source: 'n', required: 'n', with: 'm' }
    const endless = ['a'.repeat(1_000_000)]
    const jobs = [
      rewriter.rewrite(endless, [slow]),
      rewriter.rewrite(['n1'], [quick]),
      rewriter.rewrite(endless, [slow]),
      rewriter.rewrite(endless, [slow]),
      rewriter.rewrite(['n2'], [quick]),
    ]
    const tooLong = { status: 'rejected', reason: new Error('Replacing texts took too long') }
    expect(await Promise.allSettled(jobs)).toEqual([
      tooLong,
      { status: 'fulfilled', value: ['m1'] },
      tooLong,
      tooLong,
      { status: 'fulfilled', value: ['m2'] },
    ])
    await rewriter.close()
  })

  test('those that wait go on when the thread has failed', async () => {
    const own = createPatterns()
    const steps = [{ pattern: own.compile(''), with: 'y'.repeat(1000) }]
    const failing = own.rewrite(['x'.repeat(600_000)], steps)
    const waiting = own.rewrite(['a'], [{ pattern: own.compile('a'), with: 'b' }])
    await expect(failing).rejects.toThrow(/replaces texts|could not be replaced/)
    expect(await waiting).toEqual(['b'])
    await own.close()
  })

  test('is rejected when it is closed meanwhile, and from then on', async () => {
    const own = createPatterns()
    const steps = [{ pattern: own.compile('a'), with: '' }]
    const rejected = expect(own.rewrite(['a'], steps)).rejects.toThrow('shutting down')
    await own.close()
    await rejected
    await expect(own.rewrite(['a'], steps)).rejects.toThrow('shutting down')
  })
})

function tryCompile(source: string) {
  try {
    return patterns.compile(source)
  } catch {
    return undefined
  }
}

/** The atoms of the test that only our form of RE2 knows, as RE2 has them. */
function spelledForRe2(source: string): string {
  return source.replaceAll('\\u0061', 'a').replaceAll('\\uD83D\\uDE00', '😀')
}

function generator(seed: number): () => number {
  let state = seed
  return () => (state = (state * 16807) % 2147483647) / 2147483647
}
