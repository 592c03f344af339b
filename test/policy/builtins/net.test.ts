import { expect, test } from 'vitest'
import { call, costOf } from './calls.js'

test.each([
  ['["::4/128","::5/128"]', '{"::4/127"}'],
  ['["fe::/128","fe::1/128"]', '{"fe::/127"}'],
  ['["::ffff:1.2.2.0/120","::ffff:1.2.3.0/120"]', '{"1.2.2.0/23"}'],
])('blocks are merged with which OPA ends: %s', (blocks, merged) => {
  expect(call('net.cidr_merge', blocks)).toBe(merged)
})

test.each(['0.0.0.0/0', '::/0', '10.0.0.0/8', '2001:db8::/64'])(
  'to list %s costs more than any budget',
  (block) => {
    expect(costOf('net.cidr_expand', [block])).toBeGreaterThan(1_000_000_000)
  },
)

test('to list a small block costs little', () => {
  expect(costOf('net.cidr_expand', ['10.0.0.0/28'])).toBeLessThan(100_000)
})

test('to compare a thousand blocks with a thousand costs more than any budget', () => {
  const many = Array<string>(1000).fill('10.0.0.0/8')
  expect(costOf('net.cidr_contains_matches', [many, many])).toBeGreaterThan(1_000_000_000)
})

test('an address has no zone and no zeros in front', () => {
  for (const text of ['"fe80::1%eth0/64"', '"010.0.0.0/8"', '"10.0.0.0"']) {
    expect(call('net.cidr_is_valid', text)).toBe('false')
  }
})
