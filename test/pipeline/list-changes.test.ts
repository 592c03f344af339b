import { beforeAll, describe, expect, test, vi } from 'vitest'
import { setImmediate } from 'node:timers/promises'
import type { Call } from '../../src/domain/call.js'
import { createCallDescriber, inputAt } from '../../src/domain/policy-input.js'
import type { Policy } from '../../src/domain/ports.js'
import { anonymous } from '../../src/domain/principal.js'
import { createListChanges, type ListChanges } from '../../src/pipeline/list-changes.js'
import type { ListName } from '../../src/pipeline/list-methods.js'
import { digestOfShown } from '../../src/pipeline/list-shown.js'
import { createActivePolicy, type ActivePolicy } from '../../src/policy/active-policy.js'
import { fixturePolicy } from '../policy/fixtures.js'
import { callOf } from '../support/entries.js'

const describeCall = createCallDescriber('all')
const names = ['open', 'secret']
const text = Buffer.from(JSON.stringify(names.map((name) => ({ name }))))
const items = { text, names }

let hides: Record<'open' | 'secret' | 'nothing', Policy>
beforeAll(async () => {
  hides = {
    open: await fixturePolicy('lists-other'),
    secret: await fixturePolicy('lists'),
    nothing: await fixturePolicy('default-allow'),
  }
})

interface Scene {
  readonly policies: ActivePolicy
  readonly changes: ListChanges
  /** Lists the tools as this policy shows them. */
  readonly list: (call: Call, policy: Policy) => void
  /** Opens a stream; gives what it is told. */
  readonly listen: (call: Call, lists?: readonly ListName[]) => Stream
  readonly activate: (policy: Policy) => Promise<void>
}

interface Stream {
  readonly told: ListName[]
  readonly close: () => void
}

function openScene(): Scene {
  const policies = createActivePolicy()
  policies.activate(hides.secret)
  const changes = createListChanges({ policies, now: () => 0, maxBytes: 16 * 1024 * 1024 })
  policies.onChange(() => changes.policyChanged())
  return {
    policies,
    changes,
    list: (call, policy) => {
      const description = describeCall(call)
      const span = { start: 0, end: text.length }
      const shown = digestOfShown(
        names,
        policy.hooks.list
          ? policy.list(inputAt(description, { hook: 'list', time: 0, items: { text, span } }))
          : undefined,
        [],
      )
      changes.listed(call, { list: 'tools', cursor: '', description, items, shown }, policy)
    },
    listen: (call, lists = ['tools']) => {
      const told: ListName[] = []
      return { told, close: changes.open(call, { lists, tell: (list) => told.push(list) }) }
    },
    activate: async (policy) => {
      policies.activate(policy)
      for (let turn = 0; turn < 20; turn += 1) await setImmediate()
    },
  }
}

const tools = (changes: Partial<Call> = {}): Call =>
  callOf('{"jsonrpc":"2.0","id":1,"method":"tools/list"}', changes)

test('many changes at once are one where they come to the same', async () => {
  const { list, listen, policies, activate } = openScene()
  list(tools(), hides.secret)
  const { told } = listen(tools())
  policies.activate(hides.nothing)
  policies.activate(hides.open)
  await activate(hides.secret)
  expect(told).toEqual([])
  await activate(hides.open)
  expect(told).toEqual(['tools'])
})

test('a list that was on its way while policy changed is stale when it comes', async () => {
  const { list, listen, activate } = openScene()
  const { told } = listen(tools())
  await activate(hides.open)
  list(tools(), hides.secret)
  expect(told).toEqual(['tools'])
})

test('other work goes on while the pages of one reader are looked at', async () => {
  const { changes, listen, activate } = openScene()
  const long = Array.from({ length: 1_000 }, (_, index) => ({ name: `open-${index}` }))
  const page = (index: number) => (index === 0 ? [{ name: 'secret' }] : long)
  for (let index = 200; index >= 0; index -= 1) {
    const listed = page(index)
    const own = { text: Buffer.from(JSON.stringify(listed)), names: listed.map(({ name }) => name) }
    const shown = digestOfShown(index === 0 ? [] : own.names, undefined, [])
    const description = describeCall(tools())
    const cursor = String(index)
    changes.listed(tools(), { list: 'tools', cursor, description, items: own, shown }, hides.secret)
  }
  await activate(hides.nothing)
  const { told } = listen(tools())
  expect(told).toEqual([])
  await vi.waitFor(() => expect(told).toEqual(['tools']))
})

test('whoever listed anew meanwhile is told nothing', async () => {
  const { list, listen, policies } = openScene()
  list(tools(), hides.secret)
  const { told } = listen(tools())
  policies.activate(hides.open)
  list(tools(), hides.open)
  for (let turn = 0; turn < 20; turn += 1) await setImmediate()
  expect(told).toEqual([])
})

test('a stream that has ended is told nothing, and another one in its place is', async () => {
  const { list, listen, activate } = openScene()
  list(tools(), hides.secret)
  const first = listen(tools())
  const second = listen(tools())
  second.close()
  second.close()
  await activate(hides.open)
  expect([first.told, second.told]).toEqual([['tools'], []])
  first.close()
  await activate(hides.secret)
  expect(listen(tools()).told).toEqual(['tools'])
})

test('a refused list changes when it is refused no longer', async () => {
  const { list, listen, activate } = openScene()
  const call = tools({ headers: { 'x-list': 'broken' } })
  list(call, hides.secret)
  const { told } = listen(call)
  await activate(hides.open)
  expect(told).toEqual([])
  await activate(hides.nothing)
  expect(told).toEqual(['tools'])
})

test('a thousand readers are each told once', async () => {
  const { list, listen, policies } = openScene()
  const streams = Array.from({ length: 1000 }, (_, index) => {
    const session = { id: `d${index}`, upstreamId: `s${index}` }
    list(tools({ session }), hides.secret)
    return listen(tools({ session }))
  })
  policies.activate(hides.open)
  while (streams.some(({ told }) => told.length === 0)) await setImmediate()
  expect(streams.every(({ told }) => told.length === 1)).toBe(true)
})

describe('whose list it is', () => {
  const caller = { session: undefined, era: 'modern' } as const
  const named = { ...caller, claimed: { name: 'desk', version: '1' } }

  test.each<[string, Partial<Call>, Partial<Call>, boolean]>([
    ['one session', {}, { requestIp: '192.0.2.1' }, true],
    ['another session', {}, { session: { id: 'x', upstreamId: 'x' } }, false],
    ['one identity and program, from anywhere', named, { ...named, requestIp: '::1' }, true],
    ['another program', named, { ...named, claimed: { name: 'phone', version: '1' } }, false],
    ['another server', named, { ...named, server: 'other' }, false],
    ['another identity', named, { ...named, principal: { ...anonymous, id: 'bob' } }, false],
    [
      'nobody, from one address',
      { ...named, principal: anonymous },
      { ...named, principal: anonymous },
      true,
    ],
    [
      'nobody, from another address',
      { ...named, principal: anonymous },
      { ...named, principal: anonymous, requestIp: '::1' },
      false,
    ],
  ])('%s', async (_who, lister, listener, isTold) => {
    const { list, listen, activate } = openScene()
    list(tools(lister), hides.secret)
    const { told } = listen(tools(listener))
    await activate(hides.open)
    expect(told).toEqual(isTold ? ['tools'] : [])
  })

  test('without sessions every stream is told, in a session the latest', async () => {
    const { list, listen, activate } = openScene()
    list(tools(named), hides.secret)
    list(tools(), hides.secret)
    const [first, second] = [listen(tools(named)), listen(tools(named))]
    const [early, late] = [listen(tools()), listen(tools())]
    await activate(hides.open)
    expect([first.told, second.told, early.told, late.told]).toEqual([
      ['tools'],
      ['tools'],
      [],
      ['tools'],
    ])
  })
})
