import { afterEach, describe, expect, test } from 'vitest'
import { digestOf } from '../../src/bundles/hash.js'
import { mountData } from '../../src/bundles/mounts.js'
import { PolicySupplyError } from '../../src/domain/errors.js'
import type { Policy } from '../../src/domain/ports.js'
import { tarGz } from './archives.js'
import {
  absent,
  closeLoaders,
  dataBundle,
  loading,
  type LoadingOptions,
  memberOf,
  memorySource,
  namedPolicy,
  version,
} from './loading.js'

afterEach(closeLoaders)

const inRoot = (revision: string, ...roots: string[]): Buffer =>
  version(revision, { roots: ['mcp', ...roots] })

const rulesBundle = (revision: string): Buffer =>
  tarGz([
    { name: '.manifest', content: JSON.stringify({ revision }) },
    { name: 'rules.yaml', content: 'rules: []' },
  ])

/** Members in memory; what they give can be exchanged. */
function setOf(given: Record<string, Buffer | (() => Buffer)>, options: LoadingOptions = {}) {
  const supplies = { ...given }
  const compiled: string[] = []
  const sources = Object.keys(supplies).map((name) => {
    const supply = (): Buffer => {
      const now = supplies[name] ?? absent()
      return typeof now === 'function' ? now() : now
    }
    return { name, ...memorySource(supply, `/${name}`) }
  })
  const members = sources.map(({ name, source }) => memberOf(source, { name }))
  const loaded = loading(members, {
    compile: (bundle, _mounted, identity) => {
      compiled.push(bundle.revision)
      return Promise.resolve(namedPolicy(identity))
    },
    ...options,
  })
  const change = (name: string): void => sources.find((each) => each.name === name)?.change()
  const accepted = (name: string): number =>
    sources.find((each) => each.name === name)?.accepted() ?? 0
  return { ...loaded, supplies, compiled, change, accepted }
}

describe('a set of bundles', () => {
  test('comes into force as a whole, under the hash of the set', async () => {
    const { loader, revision, supplies } = setOf({ org: inRoot('o1'), team: inRoot('t1') })
    const first = await loader.start()
    expect(first).toMatchObject({
      outcome: 'activated',
      source: '/org, /team',
      bundles: [
        { name: 'org', revision: 'o1', digest: digestOf(inRoot('o1')) },
        { name: 'team', revision: 't1' },
      ],
    })
    expect(first.revision).toMatch(/^[0-9a-f]{12}$/)
    expect(first.digest.startsWith(first.revision)).toBe(true)
    expect(revision()).toBe(first.revision)
    supplies['team'] = inRoot('t2')
    const second = await loader.reload()
    expect(second.revision).not.toBe(first.revision)
    supplies['team'] = inRoot('t1')
    expect((await loader.reload()).revision).toBe(first.revision)
  })

  test('is another set with other scopes', async () => {
    const revisionWith = async (scope: object): Promise<string> => {
      const { source } = memorySource(() => inRoot('r1'))
      const other = memorySource(() => inRoot('r2'))
      const { loader } = loading([
        memberOf(source, { name: 'one', scope }),
        memberOf(other.source, { name: 'two' }),
      ])
      return (await loader.start()).revision
    }
    const revisions = [await revisionWith({}), await revisionWith({ server: 'hr' })]
    expect(new Set(revisions).size).toBe(2)
    expect(await revisionWith({ server: 'hr' })).toBe(revisions[1])
  })

  test('compiles only what has changed', async () => {
    const { loader, supplies, compiled } = setOf({ org: inRoot('o1'), team: inRoot('t1') })
    await loader.start()
    supplies['org'] = inRoot('o2')
    await loader.reload()
    expect(compiled).toEqual(['o1', 't1', 'o2'])
  })

  test('lets go of what is in it no more, and of nothing else', async () => {
    const retired: string[] = []
    const policies: Policy[] = []
    const { loader, supplies, active } = setOf(
      { org: inRoot('o1'), team: inRoot('t1') },
      {
        compile: (bundle) => {
          const policy = {
            ...namedPolicy(bundle),
            retire: () => void retired.push(bundle.revision),
          }
          policies.push(policy)
          return Promise.resolve(policy)
        },
      },
    )
    await loader.start()
    const before = active.current()
    supplies['org'] = inRoot('o2')
    await loader.reload()
    if (before.state === 'active') before.policy.retire()
    expect(new Set(retired)).toEqual(new Set(['o1']))
  })

  test('lets go of nothing that the set before it has, by which calls still end', async () => {
    const retired: string[] = []
    const { loader, supplies } = setOf(
      { org: inRoot('o1'), team: inRoot('t1') },
      {
        compile: (bundle) =>
          Promise.resolve({
            ...namedPolicy(bundle),
            retire: () => void retired.push(bundle.revision),
          }),
      },
    )
    await loader.start()
    supplies['org'] = inRoot('o2')
    await loader.reload()
    supplies['team'] = inRoot('t2')
    await loader.reload()
    expect(retired).toEqual(['o1'])
    supplies['org'] = inRoot('o3')
    await loader.reload()
    expect(retired).toEqual(['o1', 't1'])
  })

  test('stays whole when one member fails, which is named', async () => {
    const { loader, supplies, revision, accepted } = setOf({
      org: inRoot('o1'),
      team: inRoot('t1'),
    })
    const { revision: first } = await loader.start()
    supplies['org'] = inRoot('o2')
    supplies['team'] = Buffer.from('<html>')
    const failed = await loader.reload()
    expect(failed).toMatchObject({ outcome: 'failed', source: '/team', fault: 'archive' })
    expect(failed.error).toMatch(/^"team": The bundle /)
    expect(revision()).toBe(first)
    expect(accepted('org')).toBe(1)
    expect(loader.status().bundles).toMatchObject([
      { name: 'org', lastError: undefined, inForce: { revision: 'o1' } },
      { name: 'team', lastError: { fault: 'archive' }, inForce: { revision: 't1' } },
    ])
  })

  test('is absent at the start only if all that is missing is absent', async () => {
    const { loader, supplies, active, change, untilReports } = setOf({
      org: () => absent('no server'),
      team: () => absent('no server'),
    })
    expect(await loader.start()).toMatchObject({
      fault: 'absent',
      error: '"org" and "team": no server',
    })
    expect(active.current().state).toBe('absent')
    supplies['team'] = Buffer.from('<html>')
    expect(await loader.reload()).toMatchObject({
      fault: 'archive',
      error: expect.stringMatching(/^"org": no server; "team": The bundle/) as string,
    })
    expect(active.current()).toMatchObject({ state: 'refused', fault: 'archive' })
    supplies['org'] = inRoot('o1')
    supplies['team'] = inRoot('t1')
    change('team')
    await untilReports(3)
    expect(active.current().state).toBe('active')
  })
})

test('a set of which a part is there is not absent, so that nothing passes because another is away', async () => {
  const { loader, supplies, active } = setOf({ org: inRoot('o1'), team: () => absent('away') })
  expect(await loader.start()).toMatchObject({ fault: 'absent', error: '"team": away' })
  expect(active.current()).toEqual({ state: 'refused', fault: 'check', message: '"team": away' })
  supplies['org'] = () => absent('away')
  await loader.reload()
  expect(active.current().state).toBe('refused')
})

describe('a change of one source', () => {
  test('loads that one alone, whatever has become of the others', async () => {
    const { loader, supplies, change, outcomes, untilReports } = setOf({
      org: inRoot('o1'),
      team: inRoot('t1'),
    })
    await loader.start()
    supplies['team'] = () => absent('gone')
    supplies['org'] = inRoot('o2')
    change('org')
    await untilReports(2)
    expect(outcomes[1]).toMatchObject({
      outcome: 'activated',
      source: '/org',
      bundles: [{ revision: 'o2' }, { revision: 't1' }],
    })
    change('team')
    await untilReports(3)
    expect(outcomes[2]).toMatchObject({ outcome: 'failed', source: '/team' })
    expect(loader.status()).toMatchObject({ lastError: { message: '"team": gone' } })
  })

  test('gives what was held up before another chance', async () => {
    const { loader, supplies, change, outcomes, untilReports } = setOf({
      org: inRoot('o1'),
      team: inRoot('t1'),
    })
    await loader.start()
    supplies['org'] = inRoot('o2')
    supplies['team'] = Buffer.from('bad')
    await loader.reload()
    supplies['team'] = inRoot('t2')
    change('team')
    await untilReports(4)
    expect(outcomes.slice(2)).toMatchObject([
      { outcome: 'activated', bundles: [{ revision: 'o1' }, { revision: 't2' }] },
      { outcome: 'activated', bundles: [{ revision: 'o2' }, { revision: 't2' }] },
    ])
    expect(loader.status().lastError).toBeUndefined()
  })
})

describe('a bundle that was held up', () => {
  test('by a source that was away comes into force when that one is back, changed or not', async () => {
    const { loader, supplies, change, outcomes, untilReports } = setOf({
      org: inRoot('o1'),
      team: inRoot('t1'),
    })
    await loader.start()
    supplies['org'] = inRoot('o2')
    supplies['team'] = () => absent('away')
    await loader.reload()
    supplies['team'] = inRoot('t1')
    change('team')
    await untilReports(4)
    expect(outcomes.slice(1)).toMatchObject([
      { outcome: 'failed', source: '/team' },
      { outcome: 'unchanged', source: '/team' },
      { outcome: 'activated', source: '/org', bundles: [{ revision: 'o2' }, { revision: 't1' }] },
    ])
  })

  test('and is refused then by itself is not tried again and again', async () => {
    let compilations = 0
    const { loader, supplies, change, outcomes, untilReports } = setOf(
      { org: inRoot('o1'), team: inRoot('t1') },
      {
        compile: (bundle, _mounted, identity) => {
          if (bundle.revision !== 'bad') return Promise.resolve(namedPolicy(identity))
          compilations += 1
          throw new PolicySupplyError('compile', 'no module')
        },
      },
    )
    await loader.start()
    supplies['org'] = inRoot('bad')
    supplies['team'] = () => absent('away')
    await loader.reload()
    supplies['team'] = inRoot('t1')
    change('team')
    await untilReports(4)
    change('team')
    await untilReports(5)
    expect(outcomes.map(({ outcome }) => outcome).slice(2)).toEqual([
      'unchanged',
      'failed',
      'unchanged',
    ])
    await loader.close()
    expect(compilations).toBe(1)
  })
})

describe('bundles of nothing but data', () => {
  test('are mounted into every policy, and a change of them makes each anew', async () => {
    const mountedInto: Record<string, string> = {}
    const { loader, supplies, compiled } = setOf(
      {
        org: inRoot('o1'),
        team: inRoot('t1'),
        people: dataBundle('p1', ['people'], { people: ['alice'] }),
        limits: dataBundle('l1', ['limits/eu'], { limits: { eu: 7 } }),
      },
      {
        compile: (bundle, mounted, identity) => {
          mountedInto[bundle.revision] = mountData(bundle.data, mounted).toString()
          compiled.push(bundle.revision)
          return Promise.resolve(namedPolicy(identity))
        },
      },
    )
    expect(await loader.start()).toMatchObject({ outcome: 'activated' })
    const document = { people: ['alice'], limits: { eu: 7 } }
    expect(JSON.parse(mountedInto['o1'] ?? '')).toEqual(document)
    expect(JSON.parse(mountedInto['t1'] ?? '')).toEqual(document)
    supplies['people'] = dataBundle('p2', ['people'], { people: ['bob'] })
    await loader.reload()
    expect(compiled).toEqual(['o1', 't1', 'o1', 't1'])
    expect(JSON.parse(mountedInto['t1'] ?? '')).toMatchObject({ people: ['bob'] })
  })

  test('give the only policy beside them the revision of the set', async () => {
    const { loader, supplies, revision } = setOf({
      rules: inRoot('r1'),
      people: dataBundle('p1', ['people'], { people: [] }),
    })
    const { revision: first } = await loader.start()
    expect(revision()).toBe(first)
    supplies['people'] = dataBundle('p2', ['people'], { people: ['bob'] })
    const { revision: second } = await loader.reload()
    expect(second).not.toBe(first)
    expect(revision()).toBe(second)
  })

  test('are nothing to rules, which read no data and claim no root', async () => {
    const set = setOf({
      module: inRoot('m1', 'people'),
      rules: rulesBundle('r1'),
      lists: dataBundle('l1', ['lists'], { lists: [] }),
    })
    expect(await set.loader.start()).toMatchObject({ outcome: 'activated' })
    set.supplies['lists'] = dataBundle('l2', ['lists'], { lists: [1] })
    expect(await set.loader.reload()).toMatchObject({ outcome: 'activated' })
    expect(set.compiled).toEqual(['m1', 'r1', 'm1'])
  })

  test('beside rules alone make another set, under another revision', async () => {
    const set = setOf({
      rules: rulesBundle('r1'),
      lists: dataBundle('l1', ['lists'], { lists: [] }),
    })
    const { revision: first } = await set.loader.start()
    expect(set.revision()).toBe(first)
    set.supplies['lists'] = dataBundle('l2', ['lists'], { lists: [1] })
    const { revision: second } = await set.loader.reload()
    expect(second).not.toBe(first)
    expect(set.revision()).toBe(second)
  })

  test.each<[string, Buffer, Buffer, RegExp]>([
    [
      'each other',
      dataBundle('a', ['people'], { people: [] }),
      dataBundle('b', ['people/eu'], { people: { eu: [] } }),
      /"a" and "b" both claim the root "people\/eu"/,
    ],
    [
      'a policy',
      inRoot('a', 'people'),
      dataBundle('b', ['people'], { people: [] }),
      /"b" and "a" both claim the root "people"/,
    ],
    [
      'a policy without roots of its own',
      version('a'),
      dataBundle('b', ['people'], { people: [] }),
      /"b" and "a" both claim the root "people"\. "a" claims everything: name its roots/,
    ],
    [
      'anything, where they claim everything',
      inRoot('a'),
      dataBundle('b', [''], { people: [] }),
      /"b" and "module" both claim the root "mcp"\. "b" claims everything/,
    ],
  ])('are refused where they share a root with %s', async (_, a, b, message) => {
    const { loader } = setOf({ module: inRoot('m'), a, b })
    expect(await loader.start()).toMatchObject({
      outcome: 'failed',
      fault: 'check',
      error: expect.stringMatching(message) as string,
    })
  })

  test('are no policy by themselves', async () => {
    const { loader } = setOf({ a: dataBundle('a', ['a'], {}), b: dataBundle('b', ['b'], {}) })
    expect(await loader.start()).toMatchObject({
      fault: 'check',
      error: expect.stringMatching(/All bundles have data and none has a policy/) as string,
    })
  })

  test('are what is at fault where a policy cannot be used with them', async () => {
    const { loader, supplies } = setOf(
      { rules: inRoot('r1'), people: dataBundle('p1', ['people'], { people: [] }) },
      {
        compile: (_bundle, mounted, identity) =>
          mounted.join().includes('bad')
            ? Promise.reject(new PolicySupplyError('check', 'it is bad'))
            : Promise.resolve(namedPolicy(identity)),
      },
    )
    await loader.start()
    supplies['people'] = dataBundle('p2', ['people'], { people: ['bad'] })
    expect(await loader.reload()).toMatchObject({
      revision: 'p2',
      source: '/people',
      error: '"people": "rules" cannot be used with it: it is bad',
    })
  })

  test('may take over a root from one another, in either order', async () => {
    const { loader, supplies, change, untilReports, outcomes } = setOf({
      rules: inRoot('r1'),
      a: dataBundle('a1', ['x', 'y'], { x: 1, y: 1 }),
      b: dataBundle('b1', ['z'], { z: 1 }),
    })
    await loader.start()
    supplies['b'] = dataBundle('b2', ['z', 'y'], { z: 1, y: 2 })
    change('b')
    await untilReports(2)
    expect(outcomes[1]).toMatchObject({ outcome: 'failed', source: '/b' })
    supplies['a'] = dataBundle('a2', ['x'], { x: 1 })
    change('a')
    await untilReports(4)
    expect(outcomes[3]).toMatchObject({
      outcome: 'activated',
      bundles: [{ revision: 'r1' }, { revision: 'a2' }, { revision: 'b2' }],
    })
  })
})
