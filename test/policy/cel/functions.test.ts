import { describe, expect, test } from 'vitest'
import { compileCondition } from '../../../src/policy/cel/compile.js'
import { contextOf, outcome } from './contexts.js'

const args = JSON.stringify({
  s: 'Hello, Wörld 😀',
  list: [3, 1, 2],
  map: { a: 1, b: null },
  ip: '::ffff:10.1.2.3',
  ip6: '2001:db8::1',
  cidrs: ['10.0.0.0/8'],
  bad: ['10.0.0.0/8', 5],
  glob: 'Hel*d*',
  zone: 'Europe/Berlin',
  hours: 'Fri 11:00-11:01',
  number: '12',
})

describe('operators and loops of CEL', () => {
  test.each([
    ['1 + 2 == 3 && 5 - 7 == -2 && 3 * 4 == 12 && 7 / 2 == 3 && -7 % 4 == -3', true],
    ['1.5 + 1.5 == 3.0 && 1 == 1.0 && 1u == 1 && 2 > 1.5 && 1u < 2.5', true],
    ['"a" + "b" == "ab" && b"a" + b"b" == b"ab" && [1] + [2] == [1, 2]', true],
    ['"a" < "b" && "B" < "a" && false < true && b"a" < b"b"', true],
    ['[1, [2]] == [1, [2.0]] && {"a": 1} == {"a": 1u} && [1] != [2]', true],
    ['1 != "1" && null == null && [] == [] && {} == {} && type(1) == int', true],
    ['"a" in {"a": null} && !("b" in {"a": 1}) && 1 in [1.0] && 2 in {2: 3}', true],
    ['$map.b == null && "b" in $map && has($map.b) && !has($map.c)', true],
    ['$list.exists(x, x == 2) && !$list.exists(x, x == 9)', true],
    ['$list.all(x, x > 0) && !$list.all(x, x > 1)', true],
    ['$list.exists_one(x, x > 2) && !$list.exists_one(x, x > 1)', true],
    ['$list.map(x, x * 2) == [6, 2, 4] && $list.map(x, x > 1, x) == [3, 2]', true],
    ['$list.filter(x, x != 1) == [3, 2] && size($list) == 3 && $list.size() == 3', true],
    ['$map.exists(k, k == "a") && $map.all(k, k in ["a", "b"])', true],
    ['[[1, 2], [3]].exists(l, l.exists(x, x == 3))', true],
    ['$list.map(x, [x]).map(l, l + [0]).filter(l, l[0] > 1).size() == 2', true],
    ['($list + [4]).size() == 4 && ($list + [4] == [3, 1, 2, 4]) && ($list + [5])[3] == 5', true],
    ['$list.map(x, x) + [1] != $list.map(x, x) + [2]', true],
    ['true ? true : false', true],
    ['[1, 2, 3][1] == 2 && {"a": {"b": 1}}.a.b == 1 && {"a": 1}["a"] == 1', true],
  ])('%s', (source, expected) => {
    expect(outcome(source, { args })).toBe(expected)
  })
})

describe('functions', () => {
  test.each([
    ['$s.contains("Wör") && $s.contains("") && !$s.contains("World")', true],
    ['$s.contains("Hello, Wörld") && $s.startsWith("Hello") && $s.endsWith("😀")', true],
    ['size($s) == 14 && $s.size() == 14', true],
    ['$s.lowerAscii() == "hello, wörld 😀" && "aö".upperAscii() == "Aö"', true],
    ['$s.indexOf("W") == 7 && $s.indexOf("x") == -1 && $s.charAt(0) == "H"', true],
    ['$s.substring(7, 12) == "Wörld" && "abc".substring(1) == "bc"', true],
    ['"a,b,,c".split(",") == ["a", "b", "", "c"] && "ab".split("") == ["a", "b"]', true],
    ['" a ".trim() == "a"', true],
    ['"\\u0085\\u00a0a \\u2003".trim() == "a" && "\\ufeffa".trim() == "\\ufeffa"', true],
    ['"abc".substring(2, 1) == ""', 'none'],
    ['$s.charAt(99) == "x"', 'a position outside of the text: $s.charAt(99)'],
    ['$s.matches("W.rld") && !$s.matches("^W") && matches($s, "^H")', true],
    ['$s.matches("(?i)^hello") && "\u001b[0m".matches("\\\\x1b\\\\[")', true],
    ['$s.glob("Hello*") && $s.glob("*W*") && !$s.glob("Hello") && $s.glob($glob)', true],
    ['$ip.inCidr("10.0.0.0/8") && !$ip.inCidr("::/0") && $ip6.inCidr("2001:db8::/32")', true],
    ['$ip.inCidr($cidrs) && $ip.inCidr(["192.168.0.0/16", "10.1.2.3/32"])', true],
    ['$ip.inCidr($bad)', 'no CIDR block: write such as 10.0.0.0/8 or fd00::/8: $ip.inCidr($bad)'],
    ['$s.inCidr("10.0.0.0/8")', 'no IP address: $s.inCidr("10.0.0.0/8")'],
    ['time.within("Mon-Fri 09:00-17:00") && time.within("10:00-10:01")', true],
    ['time.within("Fri 11:00-12:00", "Europe/Berlin") && time.within($hours, $zone)', true],
    ['!time.within("Fri 09:00-10:00") && !time.within("Sat-Thu 00:00-24:00")', true],
    ['time.within("Thu 22:00-11:00") && !time.within("Fri 22:00-11:00")', true],
    [
      'time.within("Sat 09:00-10:00, Fri 10:00-11:00") && time.within("Fri 12:00-12:30", "+02:00")',
      true,
    ],
    ['time.getFullYear() == 2026 && time.getMonth() == 10 && time.getDate() == 20', true],
    ['time.getDayOfMonth() == 19 && time.getDayOfWeek() == 5 && time.getDayOfYear() == 323', true],
    [
      'time.getHours() == 10 && time.getHours("Europe/Berlin") == 11 && time.getMinutes() == 0',
      true,
    ],
    [
      'time - duration("24h") < time && time - timestamp("2026-11-20T09:00:00Z") == duration("1h")',
      true,
    ],
    ['timestamp("2026-11-20T10:00:00.5Z").getMilliseconds() == 500', true],
    ['int($number) == 12 && uint("3") == 3u && double("1.5") == 1.5 && string(12) == "12"', true],
    ['int(2.9) == 2 && bool("true") && string(b"a") == "a" && bytes("a") == b"a"', true],
    ['int("") == 0 || int("0x10") == 16', 'none'],
  ])('%s', (source, expected) => {
    if (expected === 'none')
      expect(() => outcome(source, { args })).toThrow('never comes to a result')
    else expect(outcome(source, { args })).toBe(expected)
  })
})

test('a few hundred comparisons come out as JavaScript has them', () => {
  const values = [0, 1, -1, 2.5, 10, 1e15, -0.5, 'a', 'b', '', 'ab', true, false]
  const operators: Record<string, (a: never, b: never) => boolean> = {
    '==': (a, b) => a === b,
    '!=': (a, b) => a !== b,
    '<': (a, b) => a < b,
    '<=': (a, b) => a <= b,
    '>': (a, b) => a > b,
    '>=': (a, b) => a >= b,
  }
  for (const [operator, compare] of Object.entries(operators)) {
    const condition = compileCondition(
      `$a ${operator} $b && [$a] == [$a] && ($a in [$b]) == ($a == $b)`,
    )
    for (const a of values) {
      for (const b of values.filter((value) => typeof value === typeof a)) {
        const { type } = condition.evaluate(contextOf({ args: JSON.stringify({ a, b }) }))
        const expected = compare(a as never, b as never) ? 'holds' : 'fails'
        expect(type, `${String(a)} ${operator} ${String(b)}`).toBe(expected)
      }
    }
  }
})
