import { describe, expect, test } from 'vitest'
import { meterModule } from '../../../src/policy/metering/meter.js'
import { createRandom } from '../../support/random.js'
import type { Random } from '../../support/random.js'
import { fixtureBundle } from '../fixtures.js'
import { openHost } from './opa-host.js'

async function hosts(name: string) {
  const { wasm, data, entrypoints } = await fixtureBundle(name)
  if (wasm === undefined) throw new Error(`${name} has no policy`)
  const metered = meterModule(wasm).wasm
  const open = async () => steered(await openHost(metered, data))
  return {
    plain: await openHost(wasm, data),
    metered: await open(),
    other: await open(),
    entrypoints,
  }
}

function steered(host: Awaited<ReturnType<typeof openHost>>) {
  const { fuel } = host
  const plenty = 1n << 60n
  return {
    ...host,
    maxPages: host.global('portcullis.max_pages'),
    refused: host.global('portcullis.refused_pages'),
    fuelOf(input: string, entrypoint = 0) {
      fuel.value = plenty
      const text = host.evaluate(input, entrypoint)
      return { text, fuel: Number(plenty - fuel.value) }
    },
  }
}

// What the policy of test/fixtures/policies/laborious can be made to do n * n times.
const kinds = [
  ...['pairs', 'tables', 'texts', 'searches', 'matches', 'globs', 'sorts'],
  ...['walks', 'networks', 'objects', 'sums', 'sets', 'documents', 'rules'],
]
const work = (name: string, n: number) =>
  JSON.stringify({ tool: { name, args: { n, text: 'a b c' } } })

const laborious = await hosts('laborious')

describe('a metered policy', () => {
  test.each(['gateway', 'bounds', 'conflict', 'echo', 'format', 'guarded', 'lists', 'scripted'])(
    '%s says what it said before, on a thousand random inputs, for the same fuel on every instance',
    async (name) => {
      const { plain, metered, other, entrypoints } = await hosts(name)
      const random = createRandom(3)
      for (let round = 0; round < 1000; round++) {
        const input = randomInput(random)
        const entrypoint = random.below(entrypoints.length)
        const { text, fuel } = metered.fuelOf(input, entrypoint)
        expect(text).toBe(plain.evaluate(input, entrypoint))
        expect(other.fuelOf(input, entrypoint).fuel).toBe(fuel)
        for (const host of [metered, other]) host.restore()
      }
    },
  )

  test.each(kinds)('pays for %s by how many there are, and says what it said before', (name) => {
    const { plain, metered } = laborious
    const of = (n: number) => {
      const { text, fuel } = metered.fuelOf(work(name, n))
      expect(text).toBe(plain.evaluate(work(name, n)))
      return fuel
    }
    const [none, some, many] = [of(2), of(16), of(32)]
    expect((many - none) / (some - none)).toBeGreaterThan(3)
    expect((many - none) / (some - none)).toBeLessThan(6)
  })

  test.each(kinds)('is stopped in %s, and judges as before once it is put back', (name) => {
    const { plain, metered } = laborious
    for (let round = 0; round < 5; round++) {
      metered.fuel.value = 3_000_000n
      expect(metered.evaluate(work(name, 3000))).toBe('unreachable')
      expect(metered.fuel.value).toBeLessThan(0n)
      expect(metered.refused.value).toBe(0)
      metered.restore()
      const again = kinds[round] ?? name
      expect(metered.fuelOf(work(again, 7)).text).toBe(plain.evaluate(work(again, 7)))
    }
  })

  test('that takes more memory than it may is refused it, and judges as before once it is put back', () => {
    const { plain, metered } = laborious
    const real = metered.bytes().length
    metered.maxPages.value = 200
    const { text } = metered.fuelOf(work('tables', 1000))
    expect(text).toBe('opa_malloc: failed')
    expect(metered.refused.value).toBeGreaterThan(200)
    expect(metered.bytes().length).toBeGreaterThan(real)
    expect(metered.bytes().length).toBeLessThanOrEqual(200 * 65_536)
    metered.maxPages.value = 4096
    metered.restore()
    for (const name of kinds) {
      expect(metered.fuelOf(work(name, 9)).text).toBe(plain.evaluate(work(name, 9)))
    }
  })

  test('needs the same fuel in memory that another evaluation has used', () => {
    const { metered, other } = laborious
    metered.fuelOf(work('tables', 150))
    metered.restore()
    expect(metered.fuelOf(work('tables', 120))).toEqual(other.fuelOf(work('tables', 120)))
  })
})

function randomInput(random: Random): string {
  return JSON.stringify({
    kind: random.oneOf(['tools/call', 'ping', 'initialize', 'tools/list', 'x/y']),
    hook: random.oneOf(['pre', 'post', 'list']),
    user: {
      id: random.oneOf(['a', 'b', '']),
      roles: random.oneOf([[], ['admin'], ['dev', 'admin']]),
    },
    server: { name: random.oneOf(['weather', 'github']) },
    tool: {
      name: random.oneOf(['weather.get', 'temp.convert', 'database.backup', 'größe', 'db.drop']),
      args: {
        value: (random.below(2001) - 1000) / 2,
        city: 'x'.repeat(random.below(200)),
        result: true,
      },
    },
    params: { result: ['a', random.below(9)], cursor: 'c' },
    response: {
      salary: random.below(1e9),
      text: random.oneOf(['ü', '', '{"a":1}']),
      result: [1, 2],
    },
  })
}
