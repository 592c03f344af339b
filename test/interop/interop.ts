import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { comparable, failuresIn, withoutEra, withoutTerms } from './comparable.js'
import { underOwnNames } from './renamed.js'
import { createRoutes, placeOf, type Routes, type Way } from './routes.js'
import { startServers, type Server, type ServerName, type Servers } from './servers.js'
import { outcome } from './story.js'
import type { Teller, Telling, Transcript } from './telling.js'
import { createTurns } from './turns.js'

/** A client, and the servers that it goes to, by the way it takes. */
export interface Journey {
  readonly teller: Teller
  readonly ways: Partial<Readonly<Record<Way, readonly ServerName[]>>>
}

/**
 * Whatever a client sees of a server directly it sees through the gateway.
 * @param python an interpreter whose environment has the time server, where a journey leads to it
 */
export function describeInterop(journeys: readonly Journey[], python?: string): void {
  let servers: Servers
  let routes: Routes
  beforeAll(async () => {
    servers = await startServers(python)
    routes = createRoutes(servers)
  })
  afterAll(async () => {
    await routes.close()
    await servers.close()
  })

  const turns = createTurns()
  const direct = new Map<string, Promise<Transcript>>()

  /** Modern clients of one server hear of what the others change. */
  const tell = async (teller: Teller, place: string, telling: Telling): Promise<Transcript> => {
    // Where a client cannot speak to a server at all, that is what it sees.
    const told = async () => (await outcome(teller.tell(telling))) as Transcript
    return comparable(await (teller.isModern ? turns.take(place, told) : told()))
  }

  const directly = (teller: Teller, server: Server): Promise<Transcript> => {
    const { name, story, target } = server
    const key = `${teller.name} ${name}`
    const told = direct.get(key) ?? tell(teller, placeOf(server, teller.name), { story, target })
    direct.set(key, told)
    return told
  }

  const serverOf = (name: ServerName): Server => {
    const found = servers.all.find((one) => one.name === name)
    if (found === undefined) throw new Error(`There is no server ${name}`)
    return found
  }

  describe.each(journeys.map((journey) => [journey.teller.name, journey] as const))(
    '%s',
    (_name, { teller, ways }) => {
      const legs = Object.entries(ways) as [Way, readonly ServerName[]][]
      const trips = legs.flatMap(([way, names]) => names.map((name) => [name, way] as const))
      const told = trips.map(([name]) => name).find((name) => name === 'web' || name === 'local')
      if (told !== undefined) {
        test.concurrent('fails at nothing but what is meant to fail', { timeout }, async () => {
          const seen = await directly(teller, serverOf(told))
          expect(failuresIn(seen)).toEqual(teller.meantToFail)
        })
      }

      test.concurrent.each(trips)('sees the same of %s, %s', { timeout }, async (name, way) => {
        const server = serverOf(name)
        const { target, place, naming } = await routes.to(way, server)
        const telling = { story: server.story, target, ...(naming !== undefined && { naming }) }
        const through = await tell(teller, place, telling)
        const seen = await directly(teller, server)
        const isBridged = server.isLegacy === true && teller.isModern && way !== 'behind a host'
        const inCommon = isBridged ? withoutEra : (transcript: Transcript) => transcript
        if (naming === undefined) expect(inCommon(through)).toEqual(inCommon(seen))
        else expect(inCommon(underOwnNames(through, naming))).toEqual(inCommon(withoutTerms(seen)))
      })
    },
  )

  test('policy has judged all of it, in both directions', async () => {
    expect([...(await routes.judged())]).toEqual(expect.arrayContaining(judged))
  })
}

const judged = [
  ...['initialize', 'tools/list', 'tools/call', 'resources/list', 'resources/read'],
  ...['prompts/list', 'prompts/get', 'completion/complete', 'resources/subscribe'],
  ...['elicitation/create', 'sampling/createMessage', 'roots/list'],
].flatMap((kind) => [`${kind} pre`, `${kind} post`])

/** Milliseconds. They wait for each other: where clients are one process, or would hear of each other. */
const timeout = 120_000
