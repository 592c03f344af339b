import { expect, test } from 'vitest'
import type { BundleScope } from '../../src/domain/bundle.js'
import { createScopeMatch, isEmptyScope } from '../../src/policy/scope.js'
import { callOf, toolCall } from '../support/entries.js'

const tool = toolCall()
const list = callOf('{"jsonrpc":"2.0","id":1,"method":"tools/list"}')
const nobody = toolCall('{}', { principal: { ...tool.principal, id: '', teams: [] } })

test.each<[BundleScope, boolean]>([
  [{}, true],
  [{ server: 'weather' }, true],
  [{ server: 'weath' }, false],
  [{ server: 'eather' }, false],
  [{ server: 'Weather' }, false],
  [{ server: 'w*r' }, true],
  [{ server: '*' }, true],
  [{ server: 'weather*weather' }, false],
  [{ server: '*a*h*' }, true],
  [{ server: '*h*a*' }, false],
  [{ server: 'we**er' }, true],
  [{ server: 'w.*r' }, false],
  [{ team: 'core' }, true],
  [{ team: 'c*' }, true],
  [{ team: 'other' }, false],
  [{ user: 'alice@org' }, true],
  [{ user: '*@org' }, true],
  [{ user: 'alice' }, false],
  [{ tool: 'weather.get' }, true],
  [{ tool: 'weather.*' }, true],
  [{ tool: 'get' }, false],
  [{ kind: 'tools/*' }, true],
  [{ kind: 'tools/list' }, false],
  [{ server: 'weather', team: 'core', user: '*', tool: '*', kind: 'tools/call' }, true],
  [{ server: 'weather', team: 'core', tool: 'x' }, false],
])('scope %j', (scope, matches) => {
  expect(createScopeMatch(scope)(tool)).toBe(matches)
})

test('what a call does not have matches nothing, whatever its name', () => {
  expect(createScopeMatch({ tool: '*' })(list)).toBe(false)
  expect(createScopeMatch({ team: '*' })(nobody)).toBe(false)
  expect(createScopeMatch({ user: '*' })(nobody)).toBe(true)
})

test('a scope without members is empty', () => {
  expect(isEmptyScope({})).toBe(true)
  expect(isEmptyScope({ tool: '*' })).toBe(false)
})
