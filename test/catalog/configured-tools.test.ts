import { describe, expect, test } from 'vitest'
import {
  createClassifier,
  createDryRunArguments,
  type ConfiguredTool,
} from '../../src/catalog/configured-tools.js'
import type { JsonObject } from '../../src/domain/json.js'

function entry(changes: Partial<ConfiguredTool>): ConfiguredTool {
  return { server: '*', tool: '*', actionClass: undefined, dryRunArgument: undefined, ...changes }
}

const tools = [
  entry({ server: 'crm', tool: 'delete_*', dryRunArgument: 'dry' }),
  entry({ tool: 'delete_*', actionClass: 'destructive', dryRunArgument: 'dry_run' }),
  entry({ server: 'crm', actionClass: 'write' }),
]

describe('what a tool does', () => {
  const trusted = new Set(['crm', 'files'])
  const classify = createClassifier(tools, trusted)

  test.each([
    ['crm', 'delete_one', 'destructive'],
    ['crm', 'read', 'write'],
    ['files', 'delete_one', 'destructive'],
    ['files', 'xdelete_one', 'unknown'],
    ['files', 'DELETE_one', 'unknown'],
  ])('%s/%s is said by the first entry that fits and says it', (server, tool, actionClass) => {
    expect(classify(server, tool, undefined)).toBe(actionClass)
  })

  test('is what configuration says, whatever a trusted server says', () => {
    expect(classify('crm', 'delete_one', { readOnlyHint: true })).toBe('destructive')
  })

  test('can be said to be unknown', () => {
    const unsaid = createClassifier([entry({ actionClass: 'unknown' })], trusted)
    expect(unsaid('crm', 'a', { readOnlyHint: true })).toBe('unknown')
  })

  test.each<[JsonObject, string]>([
    [{ readOnlyHint: true }, 'read'],
    [{ readOnlyHint: true, destructiveHint: false }, 'read'],
    [{ readOnlyHint: false, destructiveHint: false }, 'write'],
    [{ readOnlyHint: false }, 'destructive'],
    [{ readOnlyHint: false, destructiveHint: true }, 'destructive'],
    [{ destructiveHint: true }, 'destructive'],
    [{ destructiveHint: false }, 'unknown'],
    [{ title: 'x' }, 'unknown'],
    [{ readOnlyHint: 'true', destructiveHint: 1 }, 'unknown'],
    [{}, 'unknown'],
  ])('with the annotations %j of a trusted server', (annotations, actionClass) => {
    expect(classify('files', 'a', annotations)).toBe(actionClass)
  })

  test('is unknown where only a server says it that nobody trusts', () => {
    expect(classify('other', 'a', { readOnlyHint: true })).toBe('unknown')
  })
})

test('the argument of a dry run is named by the first entry that fits and names one', () => {
  const argumentOf = createDryRunArguments(tools)
  expect(argumentOf('crm', 'delete_one')).toBe('dry')
  expect(argumentOf('files', 'delete_one')).toBe('dry_run')
  expect(argumentOf('crm', 'read')).toBeUndefined()
})
