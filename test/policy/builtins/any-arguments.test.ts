import { expect, test } from 'vitest'
import { builtins } from '../../../src/policy/builtins/offered.js'
import { parseRego } from '../../../src/policy/rego-text.js'
import type { RegoValue } from '../../../src/policy/rego-value.js'
import { callWith, costOf } from './calls.js'

const nested = (levels: number): string => `${'['.repeat(levels)}1${']'.repeat(levels)}`

const values: readonly RegoValue[] = [
  ...[
    'null',
    'true',
    '0',
    '-1',
    '1.5',
    '1e999999',
    '-1e-999999',
    '9'.repeat(400),
    '""',
    '"a"',
    '"\\u0000"',
    '"😀"',
  ],
  ...[
    '[]',
    '{}',
    'set()',
    '[null]',
    '{1,"a",[2]}',
    '{"a":{1:{2,3}}}',
    '{{}:[]}',
    '{set():1}',
    nested(900),
  ],
  ...[
    '"a.b.c"',
    '"e30.e30."',
    '"::/120"',
    '"http://[::1"',
    '"%"',
    '"-----BEGIN PUBLIC KEY-----\\n"',
    '{"keys":[{}]}',
  ],
  ...[
    '[{"op":"add","path":[],"value":1}]',
    '[{"op":"copy","path":"/a","from":""}]',
    '{"secret":"","cert":""}',
  ],
].map((text) => parseRego(text))

const second = values.filter((_, at) => at % 7 === 4)
const longer = (args: readonly RegoValue[]): readonly RegoValue[] => [...args, 1n, 'a']

test.each(Object.keys(builtins))('%s throws for no arguments, and tells what they cost', (name) => {
  const pairs = values.flatMap((first) => second.map((value) => [first, value]))
  const calls = [[], ...values.map((value) => [value]), ...pairs, ...pairs.map(longer)]
  for (const args of calls) {
    const cost = costOf(name, args)
    expect(cost).toBeGreaterThan(0)
    if (cost < 1e7) callWith(name, args, () => undefined)
  }
})
