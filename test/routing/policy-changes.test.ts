import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { event } from '../support/event-server.js'
import { bundleOf } from '../support/governed.js'
import { closedAfterEach } from '../support/opened.js'
import { note } from '../support/stream-scene.js'
import { beginSession } from './caller.js'
import { startPlainServer, type PlainOptions } from './plain-server.js'
import { startSeveral } from './several.js'

const keep = closedAfterEach()

const namesIn = (list: unknown): string[] => (list as { name: string }[]).map(({ name }) => name)
const tools = (...names: string[]): object => ({ tools: names.map((name) => ({ name })) })
const changed = { jsonrpc: '2.0', method: 'notifications/tools/list_changed' }

async function open(a: PlainOptions, b: PlainOptions) {
  const folder = await mkdtemp(join(tmpdir(), 'several-'))
  keep({ close: () => rm(folder, { recursive: true }) })
  const path = join(folder, 'bundle.tar.gz')
  await copyFile(bundleOf('lists'), path)
  const servers = [keep(await startPlainServer(a)), keep(await startPlainServer(b))] as const
  const env = { POLICY_BUNDLE_PATH: path }
  const gateway = keep(await startSeveral({ a: servers[0].url, b: servers[1].url }, env))
  const reload = async (policy: string): Promise<void> => {
    await copyFile(bundleOf(policy), path)
    await gateway.reload()
  }
  return { a: servers[0], b: servers[1], gateway, reload }
}

const capabilities = { tools: {}, prompts: {} }
const lists = {
  'tools/list': tools('open', 'secret'),
  'prompts/list': { prompts: [{ name: 'plain' }] },
}

test('after a reload a client of several servers hears once of each list that has changed', async () => {
  const one = { name: 'a', capabilities, answers: lists }
  const { a, b, gateway, reload } = await open(one, { ...one, name: 'b' })
  const caller = await beginSession(gateway)
  const { ask, introduced } = caller
  expect(introduced['capabilities']).toMatchObject({ tools: { listChanged: true } })
  const before = namesIn((await ask('tools/list')).result?.['tools'])
  await ask('prompts/list')
  const { events } = await caller.listen()
  const [toA] = await Promise.all([a.stream(), b.stream()])
  await reload('lists-other')
  expect([await events.message(), await events.message()]).toEqual([changed, changed])
  toA.write(event(note('1')))
  expect(await events.message()).toEqual(JSON.parse(note('1')))
  expect(namesIn((await ask('tools/list')).result?.['tools'])).not.toEqual(before)
  await events.cancel()
})

test('and not of the server whose list is the same', async () => {
  const { a, b, gateway, reload } = await open(
    { name: 'a', answers: lists },
    { name: 'b', answers: { 'tools/list': tools('plain') } },
  )
  const caller = await beginSession(gateway)
  const { ask } = caller
  await ask('tools/list')
  const { events } = await caller.listen()
  const [, toB] = await Promise.all([a.stream(), b.stream()])
  await reload('lists-other')
  expect(await events.message()).toEqual(changed)
  toB.write(event(note('1')))
  expect(await events.message()).toEqual(JSON.parse(note('1')))
  await events.cancel()
})

test('where no server has a stream of its own the client hears of it all the same', async () => {
  const one: PlainOptions = { name: 'a', answers: lists, streams: false }
  const { gateway, reload } = await open(one, { ...one, name: 'b' })
  const caller = await beginSession(gateway)
  const { ask } = caller
  await ask('tools/list')
  const { reply, events } = await caller.listen()
  expect(reply.status).toBe(200)
  await reload('lists-other')
  expect([await events.message(), await events.message()]).toEqual([changed, changed])
  await events.cancel()
})
