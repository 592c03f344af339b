import { describe, expect, test } from 'vitest'
import { parseFieldPath } from '../../src/domain/field-path.js'
import { ObligationFault, type Redacting } from '../../src/domain/obligation.js'
import { redact, type Redaction } from '../../src/wire/json-tree-redact.js'

const stars = { type: 'text', text: '****' } as const

function masking(paths: readonly string[], terms: Partial<Redaction> = {}): Redaction {
  return {
    name: 'mask',
    paths: paths.map(parseFieldPath),
    action: stars,
    onUnreadable: 'deny',
    onMissing: 'pass',
    ...terms,
  }
}

function masked(value: unknown, ...redactions: readonly Redaction[]): unknown {
  return JSON.parse(redact(JSON.stringify(value), redactions, 'response').text)
}

function nested(value: unknown, levels: number): unknown {
  return levels === 0 ? value : nested(JSON.stringify(value), levels - 1)
}

const text = (text: unknown) => ({ type: 'text', text })

describe('what cannot be looked into', () => {
  const salary = (onUnreadable: Redacting['onUnreadable']) => masking(['salary'], { onUnreadable })
  const kept = text('{"a":1}')

  test.each([
    ['plain text', text('The salary is 1'), 'content[1].text is text and no JSON'],
    ['a number alone', text('85000'), 'content[1].text'],
    ['a word in quotes', text('"85000"'), 'content[1].text'],
    ['JSON after words', text('Result: {"salary":1}'), 'content[1].text'],
    ['two documents', text('{"salary":1}\n{"salary":2}'), 'content[1].text'],
    ['a comma too much', text('{"salary":1,}'), 'content[1].text'],
    ['JSON five strings deep', text(nested({ salary: 1 }, 5)), 'content[1].text holds JSON'],
    [
      'a text of a resource',
      { type: 'resource', resource: { uri: 'x:y', text: 'x' } },
      'content[1].resource.text',
    ],
    [
      'a blob',
      { type: 'resource', resource: { uri: 'x:y', blob: 'eA==' } },
      'content[1].resource.blob is Base64',
    ],
    ['a picture', { type: 'image', data: 'eA==', mimeType: 'image/png' }, 'content[1].data'],
  ])('is denied, goes or passes: %s', (_what, block, place) => {
    const result = { content: [kept, block, kept] }
    expect(() => masked(result, salary('deny'))).toThrow(ObligationFault)
    expect(() => masked(result, salary('deny'))).toThrow(`mask salary: ${place}`)
    expect(() => masked(result, salary('deny'))).toThrow('set on_unreadable to remove or pass')
    expect(masked(result, salary('remove'))).toEqual({ content: [kept, kept] })
    expect(masked(result, salary('pass'))).toEqual(result)
  })

  test.each([
    ['an empty text', { content: [text(''), text(' \n')] }],
    ['a text that says null', { content: [text('null')] }],
    ['JSON in texts', { content: [text('{}'), text('\ufeff [1] ')] }],
    ['words elsewhere', { structuredContent: { a: 'text', content: 'x', l: ['{', 'b'] } }],
    ['a link', { content: [{ type: 'resource_link', uri: 'x:y', name: 'salary' }] }],
    ['an error', { error: { code: 1, message: 'The salary is 1' } }],
    ['an empty blob', { contents: [{ uri: 'x:y', blob: '' }] }],
  ])('is not %s', (_what, result) => {
    expect(masked(result, salary('deny'))).toEqual(result)
  })

  test('is found in resources, prompts and sampling', () => {
    for (const [result, rest] of [
      [
        {
          contents: [
            { uri: 'x:y', text: 'x' },
            { uri: 'x:z', text: '{}' },
          ],
        },
        { contents: [{ uri: 'x:z', text: '{}' }] },
      ],
      [{ contents: [{ uri: 'x:y', blob: 'eA==' }] }, { contents: [] }],
      [{ messages: [{ role: 'user', content: text('x') }] }, { messages: [] }],
      [
        { messages: [{ role: 'user', content: [text('x'), kept] }] },
        { messages: [{ role: 'user', content: [kept] }] },
      ],
      [
        { role: 'assistant', content: text('x'), model: 'm' },
        { role: 'assistant', model: 'm' },
      ],
    ]) {
      expect(() => masked(result, salary('deny'))).toThrow(ObligationFault)
      expect(masked(result, salary('remove'))).toEqual(rest)
    }
  })

  test('of arguments is only JSON too deep in strings', () => {
    const args = { content: [text('plain')], note: 'x' }
    const applied = (value: unknown, onUnreadable: Redacting['onUnreadable']) =>
      JSON.parse(redact(JSON.stringify(value), [salary(onUnreadable)], 'args').text) as unknown
    expect(applied(args, 'deny')).toEqual(args)
    const deep = { a: [nested({ salary: 1 }, 5), 1], b: 2 }
    expect(() => applied(deep, 'deny')).toThrow('a string holds JSON that is nested deeper')
    expect(applied(deep, 'remove')).toEqual({ a: [1], b: 2 })
  })

  test('does not matter to a path that cannot lead there', () => {
    const result = { content: [text('plain')], _meta: { salary: 1 } }
    const path = masking(['response._meta.salary'])
    expect(masked(result, path)).toEqual({ ...result, _meta: { salary: '****' } })
    expect(masked(result, masking(['content']))).toEqual({ ...result, content: '****' })
  })

  test('matters to a path into structuredContent, which the text repeats', () => {
    const path = masking(['response.structuredContent.salary'])
    const structuredContent = { salary: 1 }
    expect(() => masked({ content: [text('plain')], structuredContent }, path)).toThrow(
      'content[0].text',
    )
  })

  describe('is also the text that an SDK wraps in a lone result', () => {
    const said = 'The salary is 1'
    const result = (structuredContent: unknown, ...texts: readonly unknown[]) => ({
      content: texts.map(text),
      structuredContent,
    })

    test.each([
      ['a text', result({ result: said }, said), { content: [] }],
      [
        'a list of texts',
        result({ result: [said, 'b'] }, said, 'b'),
        { content: [], structuredContent: { result: [] } },
      ],
      [
        'JSON in a text',
        result({ result: '{"salary":1}' }, '{"salary":1}'),
        result({ result: '{"salary":"****"}' }, '{"salary":"****"}'),
      ],
      ['a word in an object', result({ result: 'ok' }, '{"result":"ok"}'), 'itself'],
      ['a word beside others', result({ result: 'ok', a: 1 }, '{"a":1}'), 'itself'],
    ])('%s', (_what, given, left) => {
      expect(masked(given, salary('remove'))).toEqual(left === 'itself' ? given : left)
    })
  })

  test('is judged by the strictest of several', () => {
    const result = { content: [text('plain'), kept] }
    expect(() => masked(result, salary('pass'), masking(['a']), salary('remove'))).toThrow('mask a')
    expect(masked(result, salary('pass'), salary('remove'))).toEqual({ content: [kept] })
  })

  test('is named without the names that the sender chose', () => {
    const result = { structuredContent: { '078-05-1120': nested({ a: 1 }, 5) } }
    const fault = () => masked(result, salary('deny'))
    expect(fault).toThrow('a string in structuredContent holds JSON')
    expect(fault).not.toThrow('078')
  })

  test('takes with it what was done inside the item before', () => {
    const block = { annotations: { salary: 1 }, ...text('plain'), salary: 2 }
    const result = { content: [kept, block, { ...kept, salary: 3 }], salary: 4 }
    expect(masked(result, salary('remove'))).toEqual({
      content: [kept, { ...kept, salary: '****' }],
      salary: '****',
    })
  })
})

describe('a path into structuredContent is one into the texts that repeat it', () => {
  test.each([
    [
      { a: { salary: 1 } },
      'a.salary',
      [{ a: { salary: 1 }, b: 1 }],
      [{ a: { salary: '****' }, b: 1 }],
    ],
    [
      { result: [{ salary: 1 }] },
      'result.salary',
      [{ salary: 1 }, [{ salary: 2 }]],
      [{ salary: '****' }, [{ salary: '****' }]],
    ],
    [{ result: [{ salary: 1 }] }, 'result[0].salary', [{ salary: 1 }], [{ salary: '****' }]],
    [{ a: 1 }, 'b.a', [{ a: 1 }], [{ a: 1 }]],
  ])('%j by %s', (structuredContent, path, copies, expected) => {
    const result = { content: copies.map((copy) => text(JSON.stringify(copy))), structuredContent }
    for (const begin of ['response.structuredContent.', 'structuredContent.']) {
      const after = masked(result, masking([begin + path])) as typeof result
      expect(after.content.map((block) => JSON.parse(String(block.text)) as unknown)).toEqual(
        expected,
      )
    }
  })
})

describe('a path that names nothing', () => {
  const must = (...paths: string[]) => masking(paths, { onMissing: 'deny' })

  test('is denied where it must', () => {
    expect(() => masked({ a: 1 }, must('a', 'b'))).toThrow(
      'mask b: it names nothing in response, and on_missing is deny',
    )
    expect(masked({ a: 1, b: 2 }, must('a', 'b'))).toEqual({ a: '****', b: '****' })
  })
  test('may do so where another hides what it names', () => {
    const source = { a: { b: [{ c: 1 }], d: nested({ e: 1 }, 2) } }
    expect(masked(source, must('a.b.c', 'a.d.e', 'a'))).toEqual({ a: '****' })
    expect(() => masked(source, must('a.x', 'a'))).toThrow('mask a.x')
  })
})

describe('hostile texts are read in time by their length', () => {
  const long = 400_000
  const paths = masking(['salary', 'a.b', 'response.**.x', '*.y'], { onUnreadable: 'pass' })

  test.each([
    ['deep nesting', '['.repeat(long) + ']'.repeat(long)],
    ['strings that look like JSON', JSON.stringify(Array.from({ length: long / 8 }, () => '{x}'))],
    [
      'strings that begin like JSON',
      JSON.stringify(Array.from({ length: long / 8 }, () => '{"a":')),
    ],
    ['many quotes', JSON.stringify('"'.repeat(long))],
    ['many backslashes', JSON.stringify('\\'.repeat(long))],
    ['many escapes', `"${'\\u005c'.repeat(long / 8)}"`],
    ['JSON in strings as deep as it goes', JSON.stringify(nested({ a: 'x'.repeat(long) }, 14))],
    ['a long number', '9'.repeat(long)],
    [
      'many empty members',
      JSON.stringify({ l: Array.from({ length: long / 8 }, () => ({ '': [] })) }),
    ],
  ])('%s', (_what, document) => {
    const source = JSON.stringify({ content: [text(document)] })
    expect(redact(source, [paths], 'response').places).toEqual([0])
  })
})

test('numbers, spelling and order outside of what is hidden stay, for many paths at once', () => {
  const members = Array.from({ length: 400 }, (_, index) => `"k${index}" : 1${index}.0E1`)
  const source = `{ "l" : [ { ${members.join(' , ')} } ] }`
  const paths = Array.from({ length: 200 }, (_, index) => `k${index * 2}`)
  const expected = source.replaceAll(/("k\d*[02468]" : )[^ ]+/g, '$1"****"')
  const { text: after, places } = redact(source, [masking(paths)], 'response')
  expect(after).toBe(expected)
  expect(places).toEqual([200])
})
