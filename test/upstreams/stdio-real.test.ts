import { mkdtempSync, realpathSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import {
  ElicitRequestSchema,
  type JSONRPCMessage,
  ToolListChangedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js'
import { afterEach, describe, expect, test } from 'vitest'
import { createLine } from '../../src/domain/hang-up.js'
import type { ProbedUpstream } from '../../src/domain/ports.js'
import type { Reply } from '../../src/domain/reply.js'
import type { Session } from '../../src/domain/session.js'
import {
  callOf,
  clientOf,
  headerOf,
  messages,
  reader,
  scriptedUpstream,
  sessionOf,
  type Said,
} from './stdio-scene.js'

const open: ProbedUpstream[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((upstream) => upstream.close()))
})

function start(program: string, ...args: readonly string[]) {
  const file = fileURLToPath(new URL(program, import.meta.url))
  const scene = scriptedUpstream([], { name: 'real', args: [file, ...args] })
  open.push(scene.upstream)
  return scene
}

const filesystem = '../../node_modules/@modelcontextprotocol/server-filesystem/dist/index.js'
const v1 = '../support/stdio-v1.mjs'
const v2 = '../support/stdio-v2.mjs'

/** Gives a real client what it would be given over Streamable HTTP. */
function transportTo(upstream: ProbedUpstream): Transport {
  let session: Session | undefined
  const deliver = async (reply: Reply): Promise<void> => {
    if (reply.status >= 400) throw new Error(`HTTP ${reply.status}`)
    if (reply.form === 'other') return
    const next =
      reply.form === 'events' ? reader(reply) : once(String(await reply.body.collect(Infinity)))
    for (let text = await next(); text !== undefined; text = await next()) {
      transport.onmessage?.(JSON.parse(text) as JSONRPCMessage)
    }
  }
  const transport: Transport = {
    start: () => Promise.resolve(),
    async send(message) {
      const call = callOf(JSON.stringify(message), 'legacy', session)
      const reply = await upstream.send(call, createLine())
      if (headerOf(reply, 'mcp-session-id') !== undefined) session = sessionOf(reply)
      void deliver(reply)
      if ('method' in message && message.method === 'notifications/initialized') {
        void deliver(await upstream.listen({ session, headers: {} }, createLine()))
      }
    },
    async close() {
      await upstream.end({ session, headers: {} }, createLine())
      transport.onclose?.()
    },
  }
  return transport
}

function once(text: string): () => Promise<string | undefined> {
  const texts = [text]
  return () => Promise.resolve(texts.shift())
}

async function connect(upstream: ProbedUpstream): Promise<Client> {
  const client = new Client(
    { name: 'test', version: '1' },
    { capabilities: { elicitation: { form: {} } } },
  )
  await client.connect(transportTo(upstream))
  return client
}

function textIn(result: unknown): string {
  return (result as { content: { text: string }[] }).content[0]?.text ?? ''
}

describe('a server on the first SDK', () => {
  test('gives its own client the same as directly', async () => {
    const { upstream, seen } = start(v1)
    const client = await connect(upstream)
    const { tools } = await client.listTools()
    expect(tools.map(({ name }) => name)).toEqual(['echo', 'count', 'ask', 'wait', 'grow'])

    expect(textIn(await client.callTool({ name: 'echo', arguments: { text: 'ü' } }))).toBe('ü')

    const progress: number[] = []
    await client.callTool({ name: 'count', arguments: { to: 3 } }, undefined, {
      onprogress: (each) => void progress.push(each.progress),
    })
    expect(progress).toEqual([1, 2, 3])

    client.setRequestHandler(ElicitRequestSchema, () => ({
      action: 'accept',
      content: { name: 'Ada' },
    }))
    expect(textIn(await client.callTool({ name: 'ask' }))).toBe('accept Ada')

    const changed = new Promise<void>((resolve) => {
      client.setNotificationHandler(ToolListChangedNotificationSchema, () => resolve())
    })
    await client.callTool({ name: 'grow' })
    await changed

    const cancel = new AbortController()
    const waiting = client.callTool({ name: 'wait' }, undefined, { signal: cancel.signal })
    cancel.abort()
    await expect(waiting).rejects.toThrow()
    await seen.said('aborted')

    await client.close()
    await seen.ended(1)
  })

  test('is known to be legacy, and no modern call is carried out by it', async () => {
    const { upstream } = start(v1)
    expect(await upstream.eras()).toEqual({ legacy: ['2025-11-25'], modern: [] })
    const echo = { name: 'echo', arguments: { text: 'a' } }
    const reply = await clientOf(upstream, 'modern').ask('1', 'tools/call', echo)
    expect(reply.status).toBe(400)
  })
})

describe('a server on the second SDK', () => {
  test('speaks both eras', async () => {
    const { upstream } = start(v2)
    expect(await upstream.eras()).toEqual({ legacy: ['2025-11-25'], modern: ['2026-07-28'] })
    const legacy = await connect(upstream)
    expect(textIn(await legacy.callTool({ name: 'echo', arguments: { text: 'a' } }))).toBe('a')
    expect(await clientOf(upstream, 'modern').call('echo', { text: 'b' })).toBe('b')
  })

  test('serves many modern clients from one child, and cancels for the one that leaves', async () => {
    const { upstream, seen } = start(v2)
    const texts = ['a', 'b', 'c', 'd', 'e']
    const answers = texts.map((text) => clientOf(upstream, 'modern').call('echo', { text }))
    expect(await Promise.all(answers)).toEqual(texts)
    const line = createLine()
    const client = clientOf(upstream, 'modern')
    const left = client.ask('1', 'tools/call', { name: 'wait', arguments: {} }, line)
    expect(await client.call('echo', { text: 'behind' })).toBe('behind')
    line.hangUp()
    await expect(left).rejects.toThrow()
    await seen.said('aborted')
  })

  test('tells its subscribers of changes, each under its own id', async () => {
    const { upstream } = start(v2)
    const params = { notifications: { toolsListChanged: true } }
    const ids = ['"mine"', '7']
    const readers = await Promise.all(
      ids.map(async (id) => {
        const client = clientOf(upstream, 'modern')
        return reader(await client.ask(id, 'subscriptions/listen', params))
      }),
    )
    for (const next of readers) expect(await next()).toContain('subscriptions/acknowledged')
    await clientOf(upstream, 'modern').call('grow')
    for (const [i, next] of readers.entries()) {
      const { method, params } = JSON.parse((await next()) ?? '') as Said
      expect(method).toBe('notifications/tools/list_changed')
      expect(JSON.stringify(params)).toContain(`subscriptionId":${ids[i] ?? ''}`)
    }
  })

  test('names what it does not know with the statuses of HTTP', async () => {
    const { upstream } = start(v2)
    const client = clientOf(upstream, 'modern')
    expect((await client.ask('1', 'unknown/method')).status).toBe(404)
    const [refused] = await messages(await client.ask('1', 'tools/call', { name: 'unknown' }))
    expect(refused?.error?.code).toBe(-32602)
  })
})

test('the filesystem server lists and reads files', async () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'stdio-')))
  writeFileSync(join(folder, 'a.txt'), 'What is in it')
  const { upstream } = start(filesystem, folder)
  const client = await connect(upstream)
  expect(
    textIn(await client.callTool({ name: 'list_directory', arguments: { path: folder } })),
  ).toBe('[FILE] a.txt')
  const read = { name: 'read_text_file', arguments: { path: join(folder, 'a.txt') } }
  expect(textIn(await client.callTool(read))).toBe('What is in it')
})
