import { describe, expect, test, vi } from 'vitest'
import { createCandidate } from '../../src/candidate/candidate.js'
import { changeBetween } from '../../src/candidate/change.js'
import { createSample } from '../../src/candidate/sample.js'
import type { Missed, Observed } from '../../src/domain/candidate.js'
import type { Decision, Deny, Hook, Shown } from '../../src/domain/decision.js'
import type { CandidateEntry } from '../../src/domain/entry.js'
import { parseFieldPath } from '../../src/domain/field-path.js'
import type { Obligation } from '../../src/domain/obligation.js'
import type { Policy, PolicyState } from '../../src/domain/ports.js'
import { createPatterns } from '../../src/policy/patterns.js'
import { inputOf, saying } from '../policy/members.js'
import { allow, ask, deny, dryRun, toolCall } from '../support/entries.js'

const fault: Deny = { ...deny, code: 'policy_error', fault: 'budget' }

describe('what would change', () => {
  const obliging = (...obligations: Obligation[]): Decision => ({ ...allow, obligations })
  const mask = (...paths: string[]): Obligation => ({
    type: 'mask',
    paths: paths.map(parseFieldPath),
    style: { type: 'text', text: '*' },
    onUnreadable: 'pass',
    onMissing: 'pass',
  })
  const replace = (source: string): Obligation => ({
    type: 'replace',
    path: parseFieldPath('response.**'),
    pattern: createPatterns().compile(source),
    with: '',
  })
  const merge = (value: object): Obligation =>
    ({ type: 'merge', root: 'args', value }) as Obligation

  test.each<[string, Decision, Decision, string | undefined]>([
    ['an allow that is denied', allow, deny, 'allow_to_deny'],
    ['a denial that is lifted', deny, allow, 'deny_to_allow'],
    ['an error that is mended', fault, allow, 'deny_to_allow'],
    ['a question in place of a denial', deny, ask, 'effect'],
    ['a rehearsal', allow, dryRun, 'effect'],
    ['an error', allow, fault, 'error'],
    ['an error in place of a denial', deny, fault, 'error'],
    ['one error for another', fault, { ...fault, fault: 'trap' }, undefined],
    ['nothing', deny, { ...deny, revision: 'r2' }, undefined],
    ['names of rules alone', deny, { ...deny, rules: ['other'], labels: { a: 1 } }, undefined],
    ['the reason of a denial', deny, { ...deny, reason: 'other' }, 'obligations'],
    ['the code of a denial', deny, { ...deny, code: 'rate_limited' }, 'obligations'],
    ['the time to wait', deny, { ...deny, retryAfterSec: 3 }, 'obligations'],
    ['the reason of an allow, which nobody is told', allow, { ...allow, reason: 'x' }, undefined],
    ['a warning', allow, { ...allow, warnings: ['w'] }, 'obligations'],
    ['terms of an approval', ask, { ...ask, terms: { a: 1 } }, 'obligations'],
    ['a mask', obliging(mask('a')), obliging(), 'obligations'],
    ['fields in another order', obliging(mask('a', 'b')), obliging(mask('b', 'a')), undefined],
    ['the same pattern', obliging(replace('a+')), obliging(replace('a+')), undefined],
    ['another pattern', obliging(replace('a+')), obliging(replace('a*')), 'obligations'],
    [
      'members in another order',
      obliging(merge({ a: 1, b: 2 })),
      obliging(merge({ b: 2, a: 1 })),
      undefined,
    ],
  ])('%s', (_title, active, candidate, change) => {
    expect(changeBetween(active, candidate, undefined)).toBe(change)
  })

  test('items of a list, as far as they are on the page', () => {
    const shown = (...names: string[]): Shown => ({ ...allow, names })
    expect(changeBetween(shown('a', 'b'), shown('b', 'x', 'a'), ['a', 'b'])).toBeUndefined()
    expect(changeBetween(shown('a', 'b'), shown('a'), ['a', 'b'])).toBe('obligations')
  })
})

describe('the sample', () => {
  const by = (id: string, sessionId?: string, callId = 'c') =>
    toolCall('{}', {
      id: callId,
      principal: { ...toolCall().principal, id },
      session: sessionId === undefined ? undefined : { id: sessionId, upstreamId: '' },
    })

  test('is about as large as asked for, and the same everywhere', () => {
    const isSampled = createSample(0.25)
    const people = Array.from({ length: 4000 }, (_, n) => by(`user-${n}`))
    const chosen = people.filter(isSampled)
    expect(chosen.length).toBeGreaterThan(900)
    expect(chosen.length).toBeLessThan(1100)
    expect(people.filter(createSample(0.25))).toEqual(chosen)
    const more = new Set(people.filter(createSample(0.5)))
    expect(chosen.every((call) => more.has(call))).toBe(true)
  })

  test('has all or none of what a principal or an anonymous session does', () => {
    const isSampled = createSample(0.5)
    for (let n = 0; n < 50; n += 1) {
      expect(isSampled(by(`u${n}`, 's1', 'c1'))).toBe(isSampled(by(`u${n}`, 's2', 'c2')))
      expect(isSampled(by('', `s${n}`, 'c1'))).toBe(isSampled(by('', `s${n}`, 'c2')))
    }
    const alone = Array.from({ length: 400 }, (_, n) => isSampled(by('', undefined, `c${n}`)))
    expect(new Set(alone).size).toBe(2)
  })

  test('of nothing and of everything', () => {
    expect(createSample(0)(by('a'))).toBe(false)
    expect(createSample(1)(by('a'))).toBe(true)
  })
})

describe('a candidate', () => {
  function scene(policy: Policy | undefined) {
    const seen = { judged: [] as Hook[], missed: [] as Missed[], entries: [] as CandidateEntry[] }
    let state: PolicyState =
      policy === undefined ? { state: 'absent', message: '' } : { state: 'active', policy }
    const candidate = createCandidate({
      policies: { current: () => state },
      sample: 1,
      judged: (hook) => seen.judged.push(hook),
      missed: (why) => seen.missed.push(why),
      disagreed: (entry) => seen.entries.push(entry),
      now: () => 4000,
    })
    const put = (next: Policy) => (state = { state: 'active', policy: next })
    return { candidate, seen, put }
  }

  function observed(changes: Partial<Observed> = {}, hook: Hook = 'pre'): Observed {
    const question = () => ({ input: inputOf(hook), decided: allow })
    return { call: toolCall(), decisionId: 'd', bytes: 10, question, ...changes }
  }

  test('follows nobody while it is not there', () => {
    expect(scene(undefined).candidate.follow(toolCall())).toBeUndefined()
  })

  test('judges what it saw once the call was answered, and later things at once', async () => {
    const { candidate, seen } = scene(saying(deny))
    const other = candidate.follow(toolCall())
    other?.answered()
    const trial = candidate.follow(toolCall())
    trial?.saw(observed())
    other?.saw(observed({ question: () => undefined }))
    other?.saw(observed({ question: () => ({ input: inputOf('post'), decided: deny }) }))
    await vi.waitFor(() => expect(seen.judged).toEqual(['post']), { interval: 2 })
    trial?.answered()
    await vi.waitFor(() => expect(seen.judged).toEqual(['post', 'pre']), { interval: 2 })
    trial?.saw(observed({}, 'post'))
    await vi.waitFor(() => expect(seen.judged).toEqual(['post', 'pre', 'post']), { interval: 2 })
    expect(seen.entries).toMatchObject([
      { type: 'candidate', time: 4000, decisionId: 'd', hook: 'pre', change: 'allow_to_deny' },
      { hook: 'post', active: allow, candidate: deny },
    ])
  })

  test('has nothing to say where it has no entrypoint', async () => {
    const { candidate, seen } = scene(saying(deny, ['pre']))
    const trial = candidate.follow(toolCall())
    trial?.answered()
    trial?.saw(observed({ question: () => ({ input: inputOf('post'), decided: deny }) }))
    const names = ['a', 'b']
    const decided = { ...allow, names: ['a'] }
    trial?.saw(observed({ question: () => ({ input: inputOf('list'), decided, items: names }) }))
    await vi.waitFor(() => expect(seen.entries.length).toBe(2), { interval: 2 })
    expect(seen.entries).toMatchObject([
      { hook: 'post', change: 'deny_to_allow' },
      { hook: 'list', change: 'obligations' },
    ])
  })

  test('is the one in force when its turn comes', async () => {
    const { candidate, seen, put } = scene(saying(allow, ['pre']))
    const trial = candidate.follow(toolCall())
    trial?.saw(observed())
    put(saying(deny))
    expect(trial?.hooks.post).toBe(true)
    trial?.answered()
    await vi.waitFor(() => expect(seen.entries).toMatchObject([{ candidate: deny }]), {
      interval: 2,
    })
  })

  test('counts what it had no room for, and what cannot be read', async () => {
    const { candidate, seen } = scene(saying(allow))
    const trial = candidate.follow(toolCall())
    const most = 64 * 1024 * 1024
    expect(trial?.hold(most - 50)).toBe(true)
    trial?.saw(observed({ bytes: 40 }))
    trial?.saw(observed({ bytes: 40 }))
    trial?.saw(observed({ bytes: 5 * 1024 * 1024 }))
    expect(seen.missed).toEqual(['busy', 'too_large'])
    trial?.answered()
    await vi.waitFor(() => expect(seen.judged.length).toBe(1), { interval: 2 })
    expect(trial?.hold(50)).toBe(true)
    expect(trial?.hold(1)).toBe(false)
    trial?.letGo(50)
    const unreadable = () => {
      throw new Error('not JSON')
    }
    trial?.saw(observed({ question: unreadable }))
    await vi.waitFor(() => expect(seen.missed.at(-1)).toBe('unreadable'), { interval: 2 })
  })

  test('takes no more than some messages of a call that is not answered', () => {
    const { candidate, seen } = scene(saying(allow))
    const trial = candidate.follow(toolCall())
    for (let n = 0; n < 20; n += 1) trial?.saw(observed())
    expect(seen.missed).toEqual(Array(4).fill('busy'))
    candidate.close()
  })
})
