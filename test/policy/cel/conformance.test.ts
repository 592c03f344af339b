import { expect, test } from 'vitest'
import { CelFault } from '../../../src/policy/cel/condition.js'
import { conformanceCases, type ConformanceCase } from './conformance-cases.js'
import { outcome } from './contexts.js'

/** `refused` where it is no condition here: constants that err, functions that are not there. */
function outcomeOf({ source }: ConformanceCase): boolean | 'error' | 'refused' {
  try {
    const given = outcome(source)
    return typeof given === 'string' ? 'error' : given
  } catch (thrown) {
    if (thrown instanceof CelFault) return 'refused'
    throw thrown
  }
}

test('what is official CEL gives what CEL has it give, or is refused at load', () => {
  const outcomes = conformanceCases().map((each) => ({ each, given: outcomeOf(each) }))
  const settled = outcomes.filter(({ given }) => given !== 'refused')
  const different = settled.filter(({ each, given }) => given !== (each.expected ?? 'error'))
  expect(different.map(({ each }) => each.source)).toEqual([
    // Whole numbers and doubles are compared exactly.
    'dyn(9223372036854775807) < 9223372036854775808.0',
    'dyn(9223372036854775808.0) > 9223372036854775807',
    'dyn(9223372036854775808.0) <= 9223372036854775807',
    'dyn(9223372036854775807) >= 9223372036854775808.0',
    // Keys that are written out may be the same number of two types.
    '({0: 1, 0u: 2}[0.0]) == null',
  ])
  expect(settled.length).toBeGreaterThan(800)
})
