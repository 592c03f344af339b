import { expect, test } from 'vitest'
import type { Decision } from '../../src/domain/decision.js'
import { createDecisions } from '../../src/policy/decisions.js'
import { policyError } from '../../src/policy/parse-decision.js'

/** Decisions that say what they were read for. */
const decisions = createDecisions((text, hook, kind): Decision =>
  policyError('undefined', `${hook} ${kind}`, text),
)

test('the same text at the same hook is the same decision', () => {
  expect(decisions.of('true', 'pre', 'ping')).toBe(decisions.of('true', 'pre', 'tools/list'))
  expect(decisions.of('true', 'post', 'ping')).not.toBe(decisions.of('true', 'pre', 'ping'))
})

test.each(['{"patch":{}}', '{"p\\u0061tch":{}}', '{"\\u0070\\u0061\\u0074\\u0063\\u0068":[]}'])(
  'what may have a patch is read for each method: %s',
  (text) => {
    expect(decisions.of(text, 'pre', 'tools/call').reason).toContain('pre tools/call')
    expect(decisions.of(text, 'pre', 'resources/read').reason).toContain('pre resources/read')
  },
)

test('an escape of something else is no reason to read a text anew', () => {
  const text = '{"replace":[{"path":"response.**","pattern":"\\\\u001B\\u0041"}]}'
  expect(decisions.of(text, 'post', 'ping')).toBe(decisions.of(text, 'post', 'tools/call'))
})
