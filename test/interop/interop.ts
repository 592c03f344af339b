import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { comparable, failuresIn, withoutTerms } from './comparable.js'
import { underOwnNames } from './renamed.js'
import { createRoutes, type Routes, type Way } from './routes.js'
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
    for (const { teller } of journeys) await teller.close()
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

  const directly = (teller: Teller, { name, story, target }: Server): Promise<Transcript> => {
    const key = `${teller.name} ${name}`
    const told = direct.get(key) ?? tell(teller, name, { story, target })
    direct.set(key, told)
    return told
  }

  const server = (name: ServerName): Server => {
    const found = servers.all.find((one) => one.name === name)
    if (found === undefined) throw new Error(`There is no server ${name}`)
    return found
  }

  describe.each(journeys.map((journey) => [journey.teller.name, journey] as const))(
    '%s',
    (_name, { teller, ways }) => {
      test.concurrent('fails at nothing but what is meant to fail', { timeout }, async () => {
        expect(failuresIn(await directly(teller, server('web')))).toEqual(teller.meantToFail)
      })

      const legs = Object.entries(ways) as [Way, readonly ServerName[]][]
      const trips = legs.flatMap(([way, names]) => names.map((name) => [name, way] as const))
      test.concurrent.each(trips)('sees the same of %s, %s', { timeout }, async (name, way) => {
        const { story } = server(name)
        const { target, place, naming } = await routes.to(way, server(name))
        const telling = { story, target, ...(naming !== undefined && { naming }) }
        const through = await tell(teller, place, telling)
        const seen = await directly(teller, server(name))
        if (naming === undefined) expect(through).toEqual(seen)
        else expect(underOwnNames(through, naming)).toEqual(withoutTerms(seen))
      })
    },
  )
}

/** Milliseconds. They wait for each other: where clients are one process, or would hear of each other. */
const timeout = 120_000
