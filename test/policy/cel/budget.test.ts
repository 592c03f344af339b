import { describe, expect, test } from 'vitest'
import { createCelBudget, stepsPerMs } from '../../../src/policy/cel/budget.js'
import { compileCondition } from '../../../src/policy/cel/compile.js'
import { createCelContext } from '../../../src/policy/cel/context.js'
import { evaluate, inputOf } from './contexts.js'

const overBudget = { type: 'error', cause: 'budget', reason: 'condition is over budget' }

function listOf(length: number, item: (at: number) => unknown): unknown[] {
  return Array.from({ length }, (_, at) => item(at))
}

const numbers = JSON.stringify({ l: listOf(1000, (at) => at), s: 'a' })
const text = JSON.stringify({ s: 'a'.repeat(200_000), p: `${'a'.repeat(100_000)}b`, l: [1] })
const rows = JSON.stringify({ l: listOf(300, () => listOf(300, (at) => at)) })

describe('what is hostile ends within the budget', () => {
  test.each([
    ['loops in loops', '$l.all(a, $l.all(b, a + b >= 0))', numbers],
    ['errors in loops in loops', '$l.exists(a, $l.exists(b, a.x == b))', numbers],
    ['lists that grow', `[$l]${'.map(x, x + x)'.repeat(20)}.size() == 1`, numbers],
    ['texts that grow', `[$s]${'.map(x, x + x)'.repeat(40)}.size() == 1`, numbers],
    ['lists made in loops', '$l.all(a, $l.map(b, [a, b, [a, b]]).size() > 0)', numbers],
    ['all of a list sought in itself', '$l.all(x, x in $l && $l == $l)', rows],
    ['a pattern over a long text', '$s.matches("(a|b|c)*z")', text],
    ['a large pattern', '$s.matches("(?:a?){500}z")', text],
    ['a glob of many pieces', '$s.glob("*aaab*aaab*aaab*")', text],
    ['lists that are copied at each turn', '$l.map(x, [x] + $l).size() == 1', numbers],
    ['a split into characters', '$s.split("").size() == 1', text],
    [
      'long texts compared in a loop',
      '["b", "c"].map(x, $s + x).all(x, $l.all(y, $s + "b" != x))',
      text,
    ],
    ['errors that || would absorb', '$l.exists(a, $l.exists(b, a + b < 0)) || true', numbers],
  ])('%s', (_, source, args) => {
    expect(evaluate(source, { args, budgetMs: 5 })).toEqual(overBudget)
  })

  test('a text is sought in a text in time that grows with their lengths', () => {
    const args = JSON.stringify({
      s: 'a'.repeat(400_000),
      p: `b${'a'.repeat(150_000)}`,
      q: `${'a'.repeat(150_000)}b`,
    })
    const source = '!$s.contains($p) && !$s.contains($q) && $s.indexOf($q) == -1'
    expect(evaluate(source, { args, budgetMs: 500 }).type).toBe('holds')
  })
})

describe('the budget', () => {
  test('a product of lists over the limit is refused before anything runs', () => {
    const budget = createCelBudget(25)
    const context = createCelContext(inputOf({ args: numbers }), { budget })
    const condition = compileCondition('$l.exists(a, $l.exists(b, a == b))')
    expect(condition.evaluate(context)).toEqual(overBudget)
    // Reading the list is what it took, not the loops, which would have ended at once.
    expect(budget.left).toBeGreaterThan(20 * stepsPerMs)
  })

  test('parts of items are not counted as if each were the largest', () => {
    const args = JSON.stringify({
      l: [...listOf(500, () => ({ tags: ['a'] })), { tags: listOf(500, String) }],
    })
    const source = '!$l.exists(x, x.tags.exists(t, t == "b"))'
    expect(evaluate(source, { args, budgetMs: 25 }).type).toBe('holds')
  })

  test('all conditions of a decision share it', () => {
    const budget = createCelBudget(5)
    const context = createCelContext(inputOf({ args: numbers }), { budget })
    const condition = compileCondition('$l.all(x, x >= 0)')
    const results = listOf(20, () => condition.evaluate(context).type)
    expect(results[0]).toBe('holds')
    expect(results.at(-1)).toBe('error')
  })

  test('a rule that reads little pays little, however large the message is', () => {
    const budget = createCelBudget(1)
    const input = inputOf({ args: text, claims: { role: 'admin' } })
    const context = createCelContext(input, { budget })
    expect(compileCondition('user.role == "admin" && server == "hr"').evaluate(context).type).toBe(
      'holds',
    )
    expect(budget.left).toBeGreaterThan(stepsPerMs - 20)
  })

  test('a message is read once for all conditions', () => {
    const budget = createCelBudget(1000)
    const context = createCelContext(inputOf({ args: numbers }), { budget })
    const condition = compileCondition('$l[999] == 999')
    condition.evaluate(context)
    const before = budget.left
    condition.evaluate(context)
    expect(before - budget.left).toBeLessThan(10)
  })

  test('errors, and telling of them, are paid for', () => {
    const context = createCelContext(inputOf({ args: numbers }), { budget: createCelBudget(5) })
    const condition = compileCondition('$a == 1 || $b == 1 || $c == 1')
    const before = context.budget.left
    condition.evaluate(context)
    condition.evaluate(context)
    expect(before - context.budget.left).toBeGreaterThan(100)
  })

  test('an explanation is bounded as well', () => {
    const context = createCelContext(inputOf({ args: numbers }), { budget: createCelBudget(0.1) })
    const values = compileCondition('$l.exists(x, x < 0) && $s == "a"').explain(context)
    expect(values.map(({ value }) => value)).toContain('condition is over budget')
  })
})
