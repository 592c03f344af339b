import { once } from 'node:events'
import { request, type IncomingMessage, type ServerResponse } from 'node:http'
import { expect, test, vi } from 'vitest'
import { closedAfterEach } from '../support/opened.js'
import { openBridge } from './scene.js'
import {
  event,
  initialize,
  legacyPost,
  modernPost,
  reply,
  startLegacyScript,
  startModernScript,
  type Scripted,
} from './scripted.js'

const keep = closedAfterEach()
const soon = { interval: 5, timeout: 5_000 }

/** More than any buffer on the way holds. */
const flood = (response: ServerResponse): void => {
  const params = { level: 'info', data: 'x'.repeat(64 * 1024) }
  for (let sent = 0; sent < 200; sent += 1)
    event(response, { method: 'notifications/message', params })
}

/** Opens the stream of a call and reads nothing of it. */
async function neglect(url: string, headers: Record<string, string>, body: string) {
  const sent = request(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...headers,
    },
  })
  sent.end(body)
  const [reply] = (await once(sent, 'response')) as [IncomingMessage]
  reply.pause()
  reply.on('error', () => undefined)
  return reply
}

const sessionsEnded = ({ received }: Scripted): number =>
  received.filter(({ method }) => method === 'DELETE').length

/** Beside the one that was begun to ask what the server speaks. */
const theOther = 2

test('a modern client that neither reads nor stays leaves no session behind', async () => {
  const flooded: ServerResponse[] = []
  const server = keep(
    await startLegacyScript((posted, response) => {
      if (posted.method !== 'tools/call') {
        reply(response, posted, {})
        return
      }
      flood(response)
      flooded.push(response)
    }),
  )
  const { url } = await openBridge(keep, server.url, { idleMs: 1 })
  const envelope = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
    'io.modelcontextprotocol/logLevel': 'debug',
  }
  const headers = {
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': 'tools/call',
    'mcp-name': 'flood',
  }
  const params = { name: 'flood', _meta: envelope }
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params })
  const neglected = await neglect(url, headers, body)
  await vi.waitFor(() => expect(flooded).toHaveLength(1), soon)
  neglected.destroy()
  await vi.waitFor(() => expect(sessionsEnded(server)).toBe(theOther), soon)
})

test('a legacy client that neither reads nor stays has its call ended at the server', async () => {
  const flooded: ServerResponse[] = []
  const server = keep(
    await startModernScript((posted, response) => {
      if (posted.method !== 'tools/call') return
      flood(response)
      flooded.push(response)
    }),
  )
  const { url } = await openBridge(keep, server.url)
  const session = await initialize(url)
  const headers = { 'mcp-session-id': session }
  const body = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"flood"}}'
  const neglected = await neglect(url, headers, body)
  await vi.waitFor(() => expect(flooded).toHaveLength(1), soon)
  neglected.destroy()
  await vi.waitFor(() => expect(flooded[0]?.destroyed).toBe(true), soon)
  // Nothing of it is left: the same id is free again, and cancels nothing of old.
  const cancelled = '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}'
  expect((await legacyPost(url, session, cancelled)).status).toBe(202)
})

test('a server that loses every session keeps none', async () => {
  const server = keep(
    await startLegacyScript((_posted, response) => void response.writeHead(404).end()),
  )
  const { url } = await openBridge(keep, server.url, { idleMs: 1 })
  const failed = await modernPost(url, { method: 'tools/call', params: '{"name":"a"}' })
  expect(failed.status).toBe(502)
  await vi.waitFor(() => expect(sessionsEnded(server)).toBe(theOther), soon)
})

test('a bridge that closes says good-bye to its sessions', async () => {
  const server = keep(
    await startLegacyScript((posted, response) => reply(response, posted, { tools: [] })),
  )
  const { url, bridge } = await openBridge(keep, server.url)
  await (await modernPost(url, { method: 'tools/list' })).text()
  await bridge.close()
  expect(sessionsEnded(server)).toBe(theOther)
})
