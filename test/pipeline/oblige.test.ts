import { afterAll, describe, expect, test } from 'vitest'
import { parseFieldPath } from '../../src/domain/field-path.js'
import type { Obligation, PatchOperation, WritableRoot } from '../../src/domain/obligation.js'
import { applyObligations, ObligationFault, type Applied } from '../../src/pipeline/oblige.js'
import { createPatterns } from '../../src/policy/patterns.js'

const patterns = createPatterns()
const passing = { onUnreadable: 'pass', onMissing: 'pass' } as const
afterAll(() => patterns.close())

const ansi = '\\u001B\\[[0-9;]*m'

const mask = (paths: string[], text = '****'): Obligation => ({
  type: 'mask',
  paths: paths.map(parseFieldPath),
  style: { type: 'text', text },
  ...passing,
})
const filter = (...paths: string[]): Obligation => ({
  type: 'filter',
  paths: paths.map(parseFieldPath),
  ...passing,
})
const replace = (path: string, pattern: string, replacement: string): Obligation => ({
  type: 'replace',
  path: parseFieldPath(path),
  pattern: patterns.compile(pattern),
  with: replacement,
})
const merge = (root: WritableRoot, value: unknown): Obligation =>
  ({ type: 'merge', root, value }) as Obligation
const operations = (...list: PatchOperation[]): Obligation => ({
  type: 'operations',
  operations: list,
})

/** Applies to `source`, which stands as the root in a message with odd spelling around it. */
function start(
  name: WritableRoot,
  source: string,
  obligations: readonly Obligation[],
  isError = false,
) {
  const head = ' {"jsonrpc":"2.0" , "id":9007199254740993,"x\\u0061":'
  const text = Buffer.from(`${head}${source} ,"tail":"é\\u00e9 salary"}\n`)
  const from = Buffer.byteLength(head)
  const span = { start: from, end: from + Buffer.byteLength(source) }
  const read = (applied: Applied) => {
    const whole = applied.text.toString()
    const tail = ' ,"tail":"é\\u00e9 salary"}\n'
    expect(whole.startsWith(head) && whole.endsWith(tail)).toBe(true)
    expect(applied.text === text).toBe(!applied.changed)
    JSON.parse(whole)
    return { ...applied, root: whole.slice(head.length, -tail.length) }
  }
  const root = { name, span, isError }
  const applied = applyObligations({ text, root, obligations, patterns })
  return { applied, read }
}

function apply(name: WritableRoot, source: string, ...obligations: Obligation[]) {
  const { applied, read } = start(name, source, obligations)
  if (applied instanceof Promise) throw new Error('expected a result at once')
  return read(applied)
}

const response = (source: string, ...obligations: Obligation[]) =>
  apply('response', source, ...obligations).root
const args = (source: string, ...obligations: Obligation[]) =>
  apply('args', source, ...obligations).root

/** The same value as a JSON string, `levels` deep. */
function embedded(value: string, levels = 1): string {
  return levels === 0 ? value : embedded(JSON.stringify(value), levels - 1)
}

describe('masks and filters', () => {
  const exact =
    '{ "n":9007199254740993, "z":1.0,"e" : 1E2, "salary" : {"a":[1]} , "u":"\\u00e9\\/" }'

  test('leave the spelling of everything else', () => {
    expect(response(exact, mask(['salary']))).toBe(exact.replace('{"a":[1]}', '"****"'))
    expect(response(exact, filter('salary'))).toBe(exact.replace(' "salary" : {"a":[1]} ,', ''))
  })
  test('put any text in as the mask', () => {
    expect(response('{"a":1}', mask(['a'], '["\u2028\n'))).toBe('{"a":"[\\"\u2028\\n"}')
  })
  test('find a key that is spelled with escapes', () => {
    expect(response('{"sal\\u0061ry":1,"x":2}', mask(['salary']))).toBe(
      '{"sal\\u0061ry":"****","x":2}',
    )
    expect(response('{"sal\\u0061ry":1,"x":2}', filter('salary'))).toBe('{"x":2}')
  })
  test('find bare names at any depth, in lists, errors and _meta', () => {
    expect(
      response(
        '{"content":[],"structuredContent":{"l":[[{"ssn":1}]]},"_meta":{"ssn":{}}}',
        mask(['ssn']),
      ),
    ).toBe('{"content":[],"structuredContent":{"l":[[{"ssn":"****"}]]},"_meta":{"ssn":"****"}}')
  })
  test('find a dotted path at any depth, through lists', () => {
    const source = '{"a":{"employees":[{"salary":1},{"salary":[2]}]},"salary":3}'
    expect(response(source, mask(['employees.salary']))).toBe(
      '{"a":{"employees":[{"salary":"****"},{"salary":"****"}]},"salary":3}',
    )
  })
  test('count anchored paths from the root only', () => {
    const source = '{"a":{"x":1},"b":{"a":{"x":1}}}'
    expect(response(source, filter('response.a.x'))).toBe('{"a":{},"b":{"a":{"x":1}}}')
    expect(args(source, filter('args.a.x'))).toBe('{"a":{},"b":{"a":{"x":1}}}')
  })
  test('know indexes, wildcards and quoted keys', () => {
    const source = '{"l":[{"a.b":1,"c":2},{"a.b":3,"c":4}]}'
    expect(response(source, mask(['l[1]["a.b"]']))).toBe(
      '{"l":[{"a.b":1,"c":2},{"a.b":"****","c":4}]}',
    )
    expect(response(source, filter('response.l[0]'))).toBe('{"l":[{"a.b":3,"c":4}]}')
    expect(response(source, filter('response.l[*].*'))).toBe('{"l":[{},{}]}')
    expect(response(source, filter('response.*'))).toBe('{}')
    expect(response(source, mask(['response.**.c']))).toBe(
      '{"l":[{"a.b":1,"c":"****"},{"a.b":3,"c":"****"}]}',
    )
    expect(response(source, mask(['response.l.**']))).toBe('{"l":"****"}')
  })
  test('do not take a name for an index, nor an index for a name', () => {
    const source = '{"l":[1],"m":{"0":2}}'
    expect(response(source, mask(['l.0', 'm[0]']))).toBe(source)
    expect(response(source, mask(['m.0']))).toBe('{"l":[1],"m":{"0":"****"}}')
  })
  test('treat __proto__ in a document as any key', () => {
    expect(response('{"__proto__":{"x":1},"constructor":{"x":1}}', mask(['x']))).toBe(
      '{"__proto__":{"x":"****"},"constructor":{"x":"****"}}',
    )
  })
  test('say how many places they found', () => {
    expect(
      apply('response', '{"a":1,"l":[{"a":2}],"b":3}', mask(['a']), filter('b', 'c'), filter('d'))
        .matched,
    ).toEqual([2, 1, 0])
  })
  test('that follow each other are carried out at once, and what shows least stands', () => {
    const source = '{"a":1,"b":2}'
    for (const obligations of [
      [mask(['a'], 'first'), mask(['a'], 'second')],
      [mask(['a'], 'second'), mask(['a'], 'first')],
    ]) {
      expect(response(source, ...obligations)).toBe('{"a":"first","b":2}')
    }
    expect(response(source, mask(['a']), filter('a'))).toBe('{"b":2}')
    expect(response(source, filter('a'), mask(['a']))).toBe('{"b":2}')
    expect(response('{"l":[1,2,3]}', filter('response.l[0]'), mask(['response.l[1]']))).toBe(
      '{"l":["****",3]}',
    )
  })
  test('work on what patches before left', () => {
    expect(response('{"a":1}', merge('response', { secret: { k: 1 } }), mask(['k']))).toBe(
      '{"a":1,"secret":{"k":"****"}}',
    )
    expect(response('{"a":"{}"}', merge('response', { a: '{"k":1}' }), filter('k'))).toBe(
      '{"a":"{}"}',
    )
  })
  test('of a value that already reads like the mask changes nothing', () => {
    expect(apply('response', '{"a":"****"}', mask(['a'])).changed).toBe(false)
  })
  test('without a place to act on give the same Buffer', () => {
    const source = '{"a":"\\u0073alar","b":[1.0]}'
    const applied = apply(
      'response',
      source,
      mask(['salary', 'a.b']),
      filter('response.b.c', 'b[1]'),
    )
    expect(applied).toMatchObject({ changed: false, matched: [0, 0] })
  })
  test('that name the whole root are faults', () => {
    expect(() => response('{}', mask(['response.**']))).toThrow(ObligationFault)
    expect(() => response('{}', filter('**'))).toThrow('names the whole of response')
    expect(() => args('{}', filter('args.**'))).toThrow(ObligationFault)
  })
  test('anchored at what cannot be written here are faults', () => {
    expect(() => args('{}', mask(['response.a']))).toThrow('mask response.a: only args')
    expect(() => response('{}', filter('args.a'))).toThrow(ObligationFault)
    expect(() => apply('params', '{}', filter('args.a'))).toThrow(ObligationFault)
    expect(() => args('{}', replace('response.**', 'a', 'b'))).toThrow(ObligationFault)
  })
})

describe('what the output schema marks', () => {
  const wish = (terms: Partial<Obligation> = {}): Obligation => ({
    type: 'filter_sensitive',
    paths: undefined,
    ...passing,
    ...(terms as object),
  })
  const source = '{"content":[],"structuredContent":{"a":1.0,"b":2.0}}'
  const text = Buffer.from(source)
  const hidden = (obligation: Obligation, sensitive?: readonly string[]) => {
    const root = { name: 'response', span: { start: 0, end: text.length }, isError: false } as const
    const paths = sensitive?.map(parseFieldPath)
    const work = { text, root, obligations: [obligation], patterns, sensitive: paths }
    return (applyObligations(work) as Applied).text.toString()
  }
  const a = 'response.structuredContent.a'
  const b = 'response.structuredContent.b'

  test('is removed, as the policy set says or else the upstream', () => {
    expect(hidden(wish(), [a])).toBe(source.replace('"a":1.0,', ''))
    expect(hidden(wish({ paths: [parseFieldPath(b)] }), [a])).toBe(source.replace(',"b":2.0', ''))
    expect(hidden(wish(), [])).toBe(source)
  })
  test('is a fault where nobody says', () => {
    expect(() => hidden(wish())).toThrow('the output schema of the tool is not known')
    expect(() => args('{}', wish({ paths: [] }))).toThrow('args has no output schema')
  })
  test('may be missing in part, not as a whole where it must be there', () => {
    expect(hidden(wish({ onMissing: 'deny' }), [a, 'response.structuredContent.c'])).toContain(
      '"b"',
    )
    expect(() => hidden(wish({ onMissing: 'deny' }), ['response.structuredContent.c'])).toThrow(
      'nothing that is sensitive',
    )
  })
})

describe('JSON inside strings', () => {
  const inner = '{ "salary" : 1.0 , "n":9007199254740993}'
  const masked = '{ "salary" : "****" , "n":9007199254740993}'
  const content = (text: string) => `{"content":[{"type":"text","text": ${text} ,"k":1.0}]}`

  test('is masked at its own offsets, and only its literal is spelled anew', () => {
    expect(response(content(embedded(inner)), mask(['salary']))).toBe(content(embedded(masked)))
    expect(response(content(embedded(inner)), filter('salary'))).toBe(
      content(embedded('{ "n":9007199254740993}')),
    )
  })
  test.each([2, 3, 4])('is followed %i strings deep', (levels) => {
    expect(response(content(embedded(inner, levels)), mask(['salary']))).toBe(
      content(embedded(masked, levels)),
    )
  })
  test('is not followed five strings deep', () => {
    const source = content(embedded(inner, 5))
    expect(response(source, mask(['salary']))).toBe(source)
  })
  test('is found however the outer literal is escaped', () => {
    const literal = '"\\u007b\\u0022s\\u0061l\\u0061ry\\":\\u0031}"'
    expect(response(content(literal), mask(['salary']))).toBe(
      content(embedded('{"salary":"****"}')),
    )
  })
  test.each([['  \n'], ['\ufeff'], ['\u00a0\t']])('is found after %j', (space) => {
    expect(response(content(embedded(`${space}{"salary":1}${space}`)), mask(['salary']))).toBe(
      content(embedded(`${space}{"salary":"****"}${space}`)),
    )
  })
  test('is masked at each of its duplicate keys', () => {
    expect(response(content(embedded('{"salary":1,"salary":2}')), mask(['salary']))).toBe(
      content(embedded('{"salary":"****","salary":"****"}')),
    )
  })
  test('is masked inside arrays of arrays', () => {
    expect(response(content(embedded('[[{"salary":[1]}],2]')), mask(['salary']))).toBe(
      content(embedded('[[{"salary":"****"}],2]')),
    )
  })
  test('is transparent to every path', () => {
    const source = `{"employee":${embedded('{"salary":1}')}}`
    for (const path of [
      'employee.salary',
      'response.employee.salary',
      'response.**.salary',
      'response.*.salary',
    ]) {
      expect(response(source, mask([path]))).toBe(`{"employee":${embedded('{"salary":"****"}')}}`)
    }
    expect(response(source, mask(['response.salary', 'salary.employee']))).toBe(source)
  })
  test('keeps lone surrogates', () => {
    expect(response(content('"{\\"salary\\":1,\\"x\\":\\"\\ud800\\"}"'), mask(['salary']))).toBe(
      content('"{\\"salary\\":\\"****\\",\\"x\\":\\"\\ud800\\"}"'),
    )
  })
  test('that is not JSON after all stays', () => {
    for (const text of ['{salary: 1}', '{"salary":1', '{"salary":1} trailing', '[salary]', '{']) {
      const source = content(embedded(text))
      expect(response(source, mask(['salary']))).toBe(source)
    }
  })
  test('may be nested deeper than any call stack', () => {
    const deep = '['.repeat(50_000) + '{"salary":1}' + ']'.repeat(50_000)
    expect(response(content(embedded(deep)), mask(['salary']))).toContain('****')
  })
})

describe('errors', () => {
  const error = '{"code":-1, "message":"salary","data":{"salary":1.0}}'
  const onError = (...obligations: Obligation[]) => {
    const { applied, read } = start('response', error, obligations, true)
    if (applied instanceof Promise) throw new Error('expected a result at once')
    return read(applied).root
  }

  test('are edited as {"error": …}', () => {
    const expected = error.replace('1.0', '"****"')
    expect(onError(mask(['salary']))).toBe(expected)
    expect(onError(mask(['response.error.data.salary']))).toBe(expected)
    expect(onError(merge('response', { error: { data: { salary: '****' } } }))).toBe(expected)
    expect(onError(operations({ op: 'remove', path: '/response/error/data' }))).toBe(
      '{"code":-1, "message":"salary"}',
    )
    expect(onError(replace('response.**', 'sal', 'x'))).toBe(error.replace('"salary",', '"xary",'))
  })
  test('stay errors', () => {
    expect(() => onError(merge('response', { content: [] }))).toThrow(ObligationFault)
    expect(() => onError(merge('response', { error: null }))).toThrow(ObligationFault)
    expect(() => onError(merge('response', 'x'))).toThrow(ObligationFault)
    expect(() => onError(filter('error'))).toThrow(ObligationFault)
  })
})

describe('a merge patch', () => {
  test('sets, adds and deletes, and leaves the rest', () => {
    const source = '{ "a":1.0, "b":{"c":1E2,"d":2 } ,"e":[1,2]}'
    expect(
      args(source, merge('args', { b: { d: null, x: { y: null, z: 1 } }, e: [3], f: 'é"' })),
    ).toBe('{ "a":1.0, "b":{"c":1E2,"x":{"z":1}} ,"e":[3],"f":"é\\""}')
  })
  test.each([
    ['{ }', {}],
    ['{"a" : 1.0}', {}],
    ['{"a" : 1.0}', { b: null }],
    ['{"a" :{ } }', { a: { b: null } }],
  ])('of %s by %j changes nothing', (source, value) => {
    expect(apply('args', source, merge('args', value))).toMatchObject({
      changed: false,
      matched: [0],
    })
  })
  test('replaces a response that is no object, and a response by what is none', () => {
    expect(response('[1]', merge('response', { a: { b: null } }))).toBe('{"a":{}}')
    expect(response('{"a":1}', merge('response', ['x']))).toBe('["x"]')
    expect(response('{"a":1}', merge('response', {}))).toBe('{"a":1}')
  })
  test('takes __proto__ for a key like any other', () => {
    expect(args('{"a":1}', merge('args', JSON.parse('{"__proto__":{"x":1}}')))).toBe(
      '{"a":1,"__proto__":{"x":1}}',
    )
    expect(
      args('{"__proto__":{"y":1.0}}', merge('args', JSON.parse('{"__proto__":{"x":1}}'))),
    ).toBe('{"__proto__":{"y":1.0,"x":1}}')
  })
  test('that would leave arguments that are no object is a fault', () => {
    for (const value of [null, [], 'x', 1, true]) {
      expect(() => args('{"a":1}', merge('args', value))).toThrow(ObligationFault)
      expect(() => apply('params', '{"a":1}', merge('params', value))).toThrow(ObligationFault)
    }
  })
  test('for another root is a fault', () => {
    expect(() => args('{}', merge('response', {}))).toThrow('patch of response')
  })
})

describe('patch operations', () => {
  const source = '{ "a/b":1.0, "m~n":[9007199254740993 , 1E2 ],"":{"x" : null} }'

  test('find members by RFC 6901 pointers', () => {
    expect(args(source, operations({ op: 'replace', path: '/args/a~1b', value: 2 }))).toBe(
      source.replace('1.0', '2'),
    )
    expect(args(source, operations({ op: 'replace', path: '/args/m~0n/1', value: [] }))).toBe(
      source.replace('1E2', '[]'),
    )
    expect(args(source, operations({ op: 'remove', path: '/args//x' }))).toBe(
      source.replace('{"x" : null}', '{}'),
    )
    expect(args('{"~1":1}', operations({ op: 'test', path: '/args/~01', value: 1 }))).toBe(
      '{"~1":1}',
    )
  })
  test('apply one after the other, to new values too', () => {
    expect(
      args(
        '{"n":9007199254740993}',
        operations(
          { op: 'add', path: '/args/l', value: [{ a: 1 }] },
          { op: 'add', path: '/args/l/-', value: 2 },
          { op: 'add', path: '/args/l/0', value: 0 },
          { op: 'test', path: '/args/l', value: [0, { a: 1 }, 2] },
          { op: 'copy', from: '/args/n', path: '/args/l/1/n' },
          { op: 'move', from: '/args/n', path: '/args/m' },
          { op: 'remove', path: '/args/l/0' },
          { op: 'replace', path: '/args/l/0/a', value: { b: null } },
        ),
      ),
    ).toBe('{"l":[{"a":{"b":null},"n":9007199254740993},2],"m":9007199254740993}')
  })
  test('add sets a member that is there, in its place', () => {
    expect(args('{"a":1.0,"b":2}', operations({ op: 'add', path: '/args/a', value: 3 }))).toBe(
      '{"a":3,"b":2}',
    )
  })
  test('move and copy keep the exact text', () => {
    expect(args(source, operations({ op: 'move', from: '/args/m~0n', path: '/args/t' }))).toBe(
      '{ "a/b":1.0,"":{"x" : null} ,"t":[9007199254740993 , 1E2 ]}',
    )
    expect(args(source, operations({ op: 'move', from: '/args/a~1b', path: '/args/a~1b' }))).toBe(
      source,
    )
    expect(
      response(
        '{"a":{"b":1.0}}',
        operations({ op: 'copy', from: '/response/a', path: '/response' }),
      ),
    ).toBe('{"b":1.0}')
    expect(
      response(
        '{"a":[1,2.0,3]}',
        operations({ op: 'move', from: '/response/a/2', path: '/response/a/0' }),
      ),
    ).toBe('{"a":[3,1,2.0]}')
  })
  test('test compares exactly, whatever the spelling', () => {
    for (const [text, value] of [
      ['1.0', 1],
      ['1E2', 100],
      ['"\\u0061"', 'a'],
      ['{"b":1,"a":[]}', { a: [], b: 1 }],
    ] as const) {
      const tested = `{"v":${text}}`
      expect(
        apply('args', tested, operations({ op: 'test', path: '/args/v', value })).changed,
      ).toBe(false)
    }
    expect(() =>
      args('{"v":9007199254740993}', operations({ op: 'test', path: '/args/v', value: 2 ** 53 })),
    ).toThrow('test /args/v: the value differs')
  })
  test('can replace the whole root, and leave an object where there must be one', () => {
    expect(args('{"a":1}', operations({ op: 'replace', path: '/args', value: { b: 1 } }))).toBe(
      '{"b":1}',
    )
    expect(response('{"a":1}', operations({ op: 'add', path: '/response', value: [1] }))).toBe(
      '[1]',
    )
    expect(() => args('{"a":1}', operations({ op: 'replace', path: '/args', value: [] }))).toThrow(
      ObligationFault,
    )
  })
  test.each<[PatchOperation]>([
    [{ op: 'add', path: '/args/x/y', value: 1 }],
    [{ op: 'add', path: '/args/l/3', value: 1 }],
    [{ op: 'add', path: '/args/l/01', value: 1 }],
    [{ op: 'add', path: '/args/l/x', value: 1 }],
    [{ op: 'add', path: '/args/s/x', value: 1 }],
    [{ op: 'replace', path: '/args/x', value: 1 }],
    [{ op: 'replace', path: '/args/l/-', value: 1 }],
    [{ op: 'remove', path: '/args/x' }],
    [{ op: 'remove', path: '/args/l/2' }],
    [{ op: 'remove', path: '/args' }],
    [{ op: 'test', path: '/args/x', value: null }],
    [{ op: 'test', path: '/args/s', value: 'other' }],
    [{ op: 'move', from: '/args/x', path: '/args/y' }],
    [{ op: 'move', from: '/args/o', path: '/args/o/p/q' }],
    [{ op: 'move', from: '/args', path: '/args/o' }],
    [{ op: 'move', from: '/args/l', path: '/args/x/y' }],
    [{ op: 'copy', from: '/args/x', path: '/args/y' }],
    [{ op: 'copy', from: '/args/s', path: '/args/x/y' }],
    [{ op: 'copy', from: '/response/s', path: '/args/y' }],
    [{ op: 'add', path: '', value: {} }],
    [{ op: 'add', path: 'args/x', value: 1 }],
    [{ op: 'add', path: '/', value: 1 }],
    [{ op: 'add', path: '/params/x', value: 1 }],
    [{ op: 'add', path: '/argsx', value: 1 }],
    [{ op: 'add', path: '/args/~2', value: 1 }],
    [{ op: 'add', path: '/args/a~', value: 1 }],
    [{ op: 'add', path: `/args${'/x'.repeat(600)}`, value: 1 }],
  ])('that do not apply are faults: %j', (operation) => {
    expect(() => args('{"l":[1,2],"s":"t","o":{"p":{}}}', operations(operation))).toThrow(
      ObligationFault,
    )
  })
  test('that copy without bound are a fault', () => {
    const doubling = Array.from(
      { length: 40 },
      (_, round) => ({ op: 'copy', from: '/args', path: `/args/${round}` }) as const,
    )
    expect(() => args(`{"x":"${'x'.repeat(10_000)}"}`, operations(...doubling))).toThrow('too long')
  })
})

describe('replace', () => {
  test('rewrites the strings that match, and only those', () => {
    expect(
      response(
        '{"a":"\\u001b[31mred\\u001B[0m \\u00e9","b":"\\u00e9\\/","\\u001b[0m":1.0}',
        replace('response.**', ansi, ''),
      ),
    ).toBe('{"a":"red é","b":"\\u00e9\\/","\\u001b[0m":1.0}')
  })
  test('takes $ in the replacement for itself', () => {
    expect(response('{"a":"x1"}', replace('a', '[0-9]', '$0$&'))).toBe('{"a":"x$0$&"}')
  })
  test('reaches only what the path names', () => {
    const source = '{"a":"x","b":["x",{"a":"x","t":"x"}]}'
    expect(response(source, replace('a', 'x', 'y'))).toBe('{"a":"y","b":["x",{"a":"y","t":"x"}]}')
    expect(response(source, replace('response.b[*]', 'x', 'y'))).toBe(
      '{"a":"x","b":["y",{"a":"x","t":"x"}]}',
    )
    expect(response(source, replace('b.**', 'x', 'y'))).toBe(
      '{"a":"x","b":["y",{"a":"y","t":"y"}]}',
    )
    expect(args(source, replace('**', 'x', 'y'))).toBe('{"a":"y","b":["y",{"a":"y","t":"y"}]}')
    expect(response('"x"', replace('response.**', 'x', 'y'))).toBe('"y"')
  })
  test('counts the strings that it changed', () => {
    expect(
      apply('response', '{"a":"x","b":["x","xx"],"c":"z"}', replace('response.**', 'x', 'y'))
        .matched,
    ).toEqual([3])
  })
  test.each([1, 2, 3, 4])('reaches escapes in JSON %i strings deep', (levels) => {
    const inner = '{"t":"a\\u001b[0mb","n":1.0}'
    expect(response(`{"text":${embedded(inner, levels)}}`, replace('response.**', ansi, ''))).toBe(
      `{"text":${embedded('{"t":"ab","n":1.0}', levels)}}`,
    )
  })
  test('goes over the outer text once more', () => {
    expect(response(`{"text":${embedded('{"x1":"x1"}')}}`, replace('response.**', 'x1', 'z'))).toBe(
      `{"text":${embedded('{"z":"z"}')}}`,
    )
  })
  test('enters JSON inside strings by name, too', () => {
    expect(response(`{"text":${embedded('{"a":"x","b":"x"}')}}`, replace('a', 'x', 'y'))).toBe(
      `{"text":${embedded('{"a":"y","b":"x"}')}}`,
    )
  })
  test('without a match gives the same Buffer', () => {
    for (const source of [
      '{"a":"plain"}',
      '{"a":"\\u00e9\\n","b":{"c":[1.0]}}',
      '{"a":"\\u0041 [0m"}',
    ]) {
      expect(apply('response', source, replace('response.**', ansi, ''))).toMatchObject({
        changed: false,
        matched: [0],
      })
    }
    expect(apply('response', '{"a":"b","c":1}', replace('response.**', '[0-9]+', '')).changed).toBe(
      false,
    )
  })
  test('rewrites long texts off the serving thread, with the same result', async () => {
    const line = '\\u001b[31mred\\u001b[0m plain '
    const nested = embedded(`{"t":"${line.repeat(2000)}"}`)
    const source = `{"text":"${line.repeat(2000)}","json":${nested},"n":1.0}`
    const { applied, read } = start('response', source, [
      replace('response.**', ansi, ''),
      filter('n'),
    ])
    expect(applied).toBeInstanceOf(Promise)
    const { root, matched } = read(await applied)
    expect(matched).toEqual([2, 1])
    expect(JSON.parse(root)).toEqual({
      text: 'red plain '.repeat(2000),
      json: JSON.stringify({ t: 'red plain '.repeat(2000) }),
    })
  })
  test('that fails there is a fault', async () => {
    const text = Buffer.from(JSON.stringify({ a: 'x'.repeat(40_000) }))
    const root = { name: 'response', span: { start: 0, end: text.length }, isError: false } as const
    const obligations = [replace('a', 'x', 'y')]
    const broken = { rewrite: () => Promise.reject(new Error('worker gone')) }
    await expect(applyObligations({ text, root, obligations, patterns: broken })).rejects.toThrow(
      ObligationFault,
    )
    const silent = { rewrite: () => Promise.resolve([]) }
    await expect(applyObligations({ text, root, obligations, patterns: silent })).rejects.toThrow(
      ObligationFault,
    )
  })
})

describe('a root that is not there', () => {
  const absent = (name: WritableRoot, message: string, ...obligations: Obligation[]) => {
    const text = Buffer.from(message)
    const applied = applyObligations({
      text,
      root: { name, span: undefined, isError: false },
      obligations,
      patterns,
    })
    if (applied instanceof Promise) throw new Error('expected a result at once')
    expect(applied.text === text).toBe(!applied.changed)
    return applied.text.toString()
  }
  const call = ' {"id":1.0, "params":{"name" : "t" } }\n'

  test('is added by a patch', () => {
    const expected = ' {"id":1.0, "params":{"name" : "t" ,"arguments":{"a":1}} }\n'
    expect(absent('args', call, merge('args', { a: 1 }))).toBe(expected)
    expect(absent('args', call, operations({ op: 'add', path: '/args/a', value: 1 }))).toBe(
      expected,
    )
    expect(absent('params', '{"method":"x"}', merge('params', { a: 1 }))).toBe(
      '{"method":"x","params":{"a":1}}',
    )
    expect(absent('response', '{"method":"x"}', merge('response', { a: 1 }))).toBe(
      '{"method":"x","params":{"a":1}}',
    )
  })
  test('reads as {} and stays away where nothing is added', () => {
    expect(
      absent(
        'args',
        call,
        merge('args', {}),
        filter('name'),
        mask(['args.a']),
        replace('**', 't', 'x'),
      ),
    ).toBe(call)
    expect(absent('args', call, operations({ op: 'test', path: '/args', value: {} }))).toBe(call)
  })
  test('that the message has no place for is a fault', () => {
    expect(() => absent('args', '{"method":"x"}', merge('args', { a: 1 }))).toThrow(ObligationFault)
  })
})

test('a document of 100 KB with many places is edited in one pass', () => {
  const rows = Array.from(
    { length: 1000 },
    (_, id) => `{"id":${id}.0,"salary":${id},"note":${embedded('{"ssn":1}')}}`,
  )
  const source = `{"rows":[${rows.join(' ,')}]}`
  const { root, matched } = apply('response', source, filter('salary'), mask(['ssn']))
  expect(matched).toEqual([1000, 1000])
  expect(root).toBe(
    source.replaceAll(/"salary":\d+,/g, '').replaceAll('{\\"ssn\\":1}', '{\\"ssn\\":\\"****\\"}'),
  )
})
