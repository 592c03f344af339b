import { describe, expect, test } from 'vitest'
import { builtins } from '../../../src/policy/builtins/offered.js'
import type { Charge } from '../../../src/policy/builtins/builtin.js'
import { printRego } from '../../../src/policy/rego-text.js'
import type { RegoValue } from '../../../src/policy/rego-value.js'
import { noon } from './vectors.js'

const megabyte = 1 << 20
const budgetNs = 25e6
const decimal = (text: string): RegoValue => ({ type: 'decimal', text })
const long = (text: string): string => text.repeat(Math.ceil(megabyte / text.length))

class OutOfBudget extends Error {}

/** What the call costs in all, or where the budget of a decision ends it. */
function costOf(name: string, args: readonly RegoValue[]): number {
  const builtin = builtins[name]
  if (builtin === undefined) throw new Error(`${name} is not offered`)
  let spent = 0
  const charge: Charge = (ns) => {
    spent += ns
    if (!(spent <= budgetNs)) throw new OutOfBudget()
  }
  charge(builtin.cost(printRego([...args]).length, args))
  builtin.call(args, { ...noon }, charge)
  return spent
}

describe('what would run for long is refused by its price before it runs', () => {
  test.each<[string, RegoValue[]]>([
    ['numbers.range_step', [0n, 10n ** 12n, 1n]],
    ['numbers.range_step', [0n, 10n ** 4000n, 1n]],
    ['sprintf', ['%1000000d'.repeat(100_000), [1n]]],
    ['sprintf', ['%*d'.repeat(1000), Array.from({ length: 2000 }, () => 1_000_000n)]],
    ['sprintf', ['%.1000000f'.repeat(1000), Array.from({ length: 1000 }, () => decimal('0.1'))]],
    ['sprintf', ['%[1]s'.repeat(10_000), [long('a')]]],
    ['sprintf', ['%x', [decimal(long('1'))]]],
    ['units.parse', ['1e999999']],
    ['units.parse', ['1e-999999']],
    ['units.parse_bytes', ['1e999999E']],
    ['units.parse_bytes', [long('9')]],
    [
      'json.marshal_with_options',
      [
        Array.from({ length: 10_000 }, () => [1n]),
        { type: 'object', entries: [['indent', ' '.repeat(10_000)]] },
      ],
    ],
    ['strings.count', [long('a'), long('a').slice(0, megabyte / 2)]],
    ['regex.replace', [long('a'), 'a.*b|a', 'x']],
    ['regex.replace', ['a'.repeat(20_000), '(a)', '$1'.repeat(20_000)]],
    ['regex.find_n', ['(a?){50}a{50}b', long('a'), -1n]],
    ['regex.find_n', ['(.{1000})'.repeat(400), 'x', -1n]],
    ['regex.split', ['(x+x+)+y', long('x')]],
    ['regex.template_match', [`{${'(.{1000})'.repeat(400)}}`, 'x', '{', '}']],
  ])('%s', (name, args) => {
    expect(() => costOf(name, args)).toThrow(OutOfBudget)
  })
})

describe('what policies do is well within the budget', () => {
  test.each<[string, RegoValue[]]>([
    ['sprintf', ['%s may not call %v: %d of %d', ['ann', ['a', 'b'], 3n, 7n]]],
    ['time.clock', [[1_763_726_400_000_000_000n, 'Europe/Berlin']]],
    ['time.format', [[1_763_726_400_000_000_000n, 'America/New_York', 'RFC1123']]],
    [
      'regex.replace',
      ['mail ann@example.com now', '[a-z0-9._%+-]+@[a-z0-9.-]+\\.[a-z]{2,}', '***'],
    ],
    ['regex.find_n', ['\\b\\d{3}-\\d{2}-\\d{4}\\b', 'number 123-45-6789', -1n]],
    ['semver.compare', ['1.2.3-alpha.1', '1.2.3']],
    ['units.parse_bytes', ['1.5GiB']],
    ['strings.any_prefix_match', ['/etc/passwd', ['/home/', '/tmp/']]],
    ['numbers.range_step', [0n, 100n, 5n]],
    ['uuid.rfc4122', ['key']],
  ])('%s', (name, args) => {
    expect(costOf(name, args)).toBeLessThan(budgetNs / 100)
  })
})
