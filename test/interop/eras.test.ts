import { afterAll, beforeAll, expect, test } from 'vitest'
import { comparable, without, withoutEra } from './comparable.js'
import { createRoutes } from './routes.js'
import { everythingOf, startServers, type Servers } from './servers.js'
import { onlyInOneEra } from './story.js'
import type { Teller, Transcript } from './telling.js'
import { firstTypescriptSdk, secondTypescriptSdk } from './typescript-tellers.js'

let servers: Servers
beforeAll(async () => {
  servers = await startServers(undefined)
})
afterAll(() => servers.close())

test.concurrent.each<[string, Teller, 'legacy' | 'modern']>([
  ['legacy', firstTypescriptSdk(), 'modern'],
  ['modern', secondTypescriptSdk({ pin: '2026-07-28' }), 'legacy'],
])(
  'a %s client sees of a server of the other era what it sees of one of both',
  async (_era, teller, era) => {
    const server = everythingOf(era)
    const routes = createRoutes({ ...servers, all: [server] })
    const { target } = await routes.to('alone', server)
    const through = await teller.tell({ story: 'everything', target })
    await routes.close()
    const seen = await teller.tell({ story: 'everything', target: everythingOf('both').target })
    expect(inCommon(through)).toEqual(inCommon(seen))
  },
)

function inCommon(transcript: Transcript): Transcript {
  return withoutEra(without(comparable(transcript), ...onlyInOneEra))
}
