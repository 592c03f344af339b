import { describe, expect, test } from 'vitest'
import { compileCondition } from '../../../src/policy/cel/compile.js'
import { faultOf, outcome } from './contexts.js'

describe('what is found before there is a call', () => {
  test.each([
    ['user.role ==', 10, 'not CEL: unexpected ='],
    ['user.role = "a"', 10, 'not CEL: unexpected =: write == to compare'],
    ['user.a == 1 and user.b == 2', 12, 'not CEL: unexpected and: write &&'],
    ['', 0, 'not CEL: it ends too early'],
    ['user.role == "a', 10, 'not CEL: unexpected ='],
    ['foo == 1', 0, 'unknown name: foo'],
    ['user.x && foo.bar', 10, 'unknown name: foo'],
    ['tool.nmae == "x"', 0, 'unknown member: tool.nmae. There are name, args'],
    ['"a".frob()', 0, 'unknown function: frob'],
    ['$name.replace("a", "b") == "c"', 0, 'unknown function: replace'],
    ['"a".contains()', 0, 'contains is not called like this: "a".contains()'],
    ['size(1, 2) == 1', 0, 'size is not called like this'],
    ['user.x == 1 || size(1) == 2', 15, 'wrong types (int): size(1)'],
    ['server < 1', 0, 'wrong types (string, int): server < 1'],
    ['server.name == "x"', 0, 'server is a string and has no members'],
    ['has(user)', 0, 'has() asks for a member'],
    ['has($args)', 0, 'has() asks for a member'],
    ['Type{a: 1} == 1', 0, 'unknown type: Type'],
    ['9223372036854775808 == 1', 0, 'does not fit into 64 bits'],
    ['$list.exists(x)', 0, 'exists needs a list, the name of a variable and an expression'],
    ['server.exists(x, x == "a")', 0, 'server is a string and cannot be looped over'],
    ['$a.exists(a, a.exists(b, b.exists(c, c)))', 25, 'loops are nested more than 2 times'],
    ['1 / 0 == 1', 0, 'never comes to a result: divide by zero'],
  ])('%s', (source, offset, message) => {
    const fault = faultOf(source)
    expect(fault.message).toContain(message)
    expect(fault.offset).toBe(offset)
  })

  test.each([
    ['server', 0, 'server is a string'],
    ['user', 0, 'user is a map'],
    ['"true"', 0, '"true" is a string'],
    ['1', 0, '1 is an int'],
    ['1 + 2', 0, '1 + 2 is an int'],
    ['[true]', 0, '[true] is a list'],
    ['{}', 0, '{} is a map'],
    ['null', 0, 'null is a null'],
    ['size($list)', 0, 'size($list) is an int'],
    ['user.id', 0, 'user.id is a string'],
    ['time', 0, 'time is a timestamp'],
    ['$list.map(x, x)', 0, '$list.map(x, x) is a list'],
    ['user.a && server', 10, 'server is a string'],
    ['!kind', 1, 'kind is a string'],
    ['server ? true : false', 0, 'server is a string'],
    ['user.a ? 1 : 2', 0, 'is an int'],
    ['$list.exists(x, "a")', 16, '"a" is a string'],
  ])('%s is neither true nor false', (source, offset, message) => {
    const fault = faultOf(source)
    expect(fault.message).toContain(message)
    expect(fault.message).toContain('neither true nor false')
    expect(fault.offset).toBe(offset)
  })

  test.each([
    ['$a.matches("(")', 11, 'pattern is not RE2'],
    ['$a.matches("(?=x)")', 11, 'RE2 has no look-around'],
    ['$a.matches($b)', 11, 'a pattern must be written out'],
    ['$a.matches("(a{900}){900}")', 11, 'pattern repeats too much'],
    ['request.ip.inCidr("10.0.0/8")', 18, 'no CIDR block'],
    ['request.ip.inCidr(["10.0.0.0/8", "x"])', 33, 'no CIDR block'],
    ['time.within("Mon 9-17")', 12, 'no time window: "Mon 9-17"'],
    ['time.within("Mon,Tue 09:00-17:00")', 12, 'no time window: "Mon"'],
    ['time.within("Mon 09:00-17:00", "Mars")', 31, 'no time zone'],
    ['time.within("Mon 09:00-09:00")', 12, 'no time window'],
    ['time.getHours("Mars") == 1', 14, 'no time zone'],
    ['time > timestamp("soon")', 17, 'no timestamp'],
  ])('a literal that is none of its kind: %s', (source, offset, message) => {
    const fault = faultOf(source)
    expect(fault.message).toContain(message)
    expect(fault.offset).toBe(offset)
  })

  test.each([
    ['parentheses', `${'('.repeat(5000)}true${')'.repeat(5000)}`],
    ['parentheses that just fit into the length', `${'('.repeat(2000)}true${')'.repeat(2000)}`],
    ['lists', `${'['.repeat(51)}${']'.repeat(51)} == 1`],
    ['choices', `${'true ? true : '.repeat(51)}true`],
    ['members', `user${'.a'.repeat(1000)}`],
    ['a long text', `"${'a'.repeat(5000)}" == "a"`],
    ['parts', `${'1 == 1 && '.repeat(400)}true`],
    ['calls', `$a${'.trim()'.repeat(500)} == ""`],
  ])('too much of it: %s', (_, source) => {
    expect(faultOf(source).message).toMatch(
      /^(?:nested deeper than|longer than 4096 characters|more than 1000 parts)/,
    )
  })
})

describe('what is known of a condition', () => {
  test.each([
    ['true', true],
    ['false', false],
    ['1 == 2', false],
    ['"a" in ["a"]', true],
    ['user.role == "x" && false', false],
    ['$x.y || true', true],
    ['!(false && user.a)', true],
    ['true ? user.a : false', undefined],
    ['true ? false : user.a', false],
    ['user.a == user.a', undefined],
    ['[1, 2].exists(x, x == 2)', true],
    ['timestamp("2026-01-01T00:00:00Z") < timestamp("2027-01-01T00:00:00Z")', true],
  ])('%s is constant: %s', (source, constant) => {
    expect(compileCondition(source).constant).toBe(constant)
  })

  test.each([
    ['user.role == "a"', ['user'], false],
    ['$x == user.y', ['args', 'user'], true],
    ['$args.size() == 0', ['args'], true],
    ['tool.name == "a"', ['tool'], false],
    ['tool.args.x == 1', ['args', 'tool'], true],
    ['tool["args"].x == 1', ['args', 'tool'], true],
    ['has(tool.args)', ['args', 'tool'], true],
    ['"args" in tool', ['args', 'tool'], true],
    ['prompt.name == "a"', ['prompt'], false],
    ['prompt.args.x == 1', ['prompt'], true],
    ['"$x" == server', ['server'], false],
    ['user.roles.exists(args, args == "a")', ['user'], false],
    ['[1].exists(x, response.y == x)', ['response'], false],
    ['true', [], false],
  ])('%s reads %j', (source, roots, readsArguments) => {
    const condition = compileCondition(source)
    expect([...condition.reads].toSorted()).toEqual(roots)
    expect(condition.readsArguments).toBe(readsArguments)
  })
})

describe('$', () => {
  const args = '{"id":7,"in":1,"odd name":"x","args":{"id":8},"text":"$id"}'

  test.each([
    ['$id == 7', true],
    ['$in == 1', true],
    ['$["odd name"] == "x"', true],
    ['$[ "odd name" ] == "x"', true],
    ['has($id) && has($["odd name"]) && !has($nope)', true],
    ['$args.id == 7 && $["args"].id == 8 && $args["args"].id == 8', true],
    ['"id" in $args', true],
    ['$text == "$id"', true],
    ["$text == '$id' && $text == r'$id' && $text == '''$id''' && $text == \"\"\"$id\"\"\"", true],
    ['$id == 7 // and $nope', true],
    ['$id // $nope "\n == 7', true],
    ['[$id].map(x, x + $id) == [14]', true],
    ['_id == 7', 'unknown name: _id'],
  ])('%s', (source, expected) => {
    const fault = faultOf(source)
    if (typeof expected === 'string') expect(fault.message).toContain(expected)
    else expect(outcome(source, { args })).toBe(expected)
  })

  test.each([
    ['$', 0],
    ['$ id == 1', 0],
    ['$1 == 1', 0],
    ['user.$id == 1', 5],
    ['user. $id == 1', 6],
    ['a$id == 1', 1],
    ['$$id == 1', 0],
    ['$list.exists($x, $x == 1)', 13],
    ['{"a": 1}.b == 1 || $f(1)', 19],
    ['user.a == "é" && $', 17],
  ])('begins nothing in %s', (source, offset) => {
    expect(faultOf(source).offset).toBe(offset)
  })

  test('is left alone in every form of string, whatever stands around it', () => {
    const random = seeded(7)
    const pieces = ['$x', '$["y"]', 'a', "'", '"', '\\', ' ', '//', '$', '{', ')', 'é', '😀']
    for (let round = 0; round < 300; round += 1) {
      const text = Array.from(
        { length: 1 + (random() % 6) },
        () => pieces[random() % pieces.length],
      )
      const value = text.join('')
      const literals = [JSON.stringify(value), ...rawForms(value)]
      const source = literals.map((literal) => `${literal} == $v`).join(' && ')
      expect(outcome(source, { args: JSON.stringify({ v: value }) }), source).toBe(true)
    }
  })
})

/** Raw strings that can spell the value. */
function rawForms(value: string): string[] {
  const forms = [`r"${value}"`, `R'${value}'`, `r'''${value}'''`, `r"""${value}"""`]
  return forms.filter((_, at) => {
    if (at === 0) return !value.includes('"')
    if (at === 1) return !value.includes("'")
    return !value.includes(at === 2 ? "'" : '"')
  })
}

function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    return state >> 8
  }
}
