import { expect, test } from 'vitest'
import { script } from '../support/governed.js'
import { closedAfterEach } from '../support/opened.js'
import { beginSession, send } from './caller.js'
import { startPlainServer } from './plain-server.js'
import { startSeveral } from './several.js'

const keep = closedAfterEach()
const answers = { 'tools/list': { tools: [{ name: 't' }] } }

async function open() {
  const a = keep(await startPlainServer({ name: 'a', answers }))
  const b = keep(await startPlainServer({ name: 'b', answers }))
  const gateway = keep(await startSeveral({ a: a.url, b: b.url }))
  const leftOut = async (): Promise<string[]> => {
    const metrics = await (await fetch(`${gateway.opsUrl}/metrics`)).text()
    return metrics.split('\n').filter((line) => /^portcullis_servers_left_out_total\{/.test(line))
  }
  return { a, b, gateway, leftOut }
}

test('a server that is away is counted for each answer that is without it', async () => {
  const { a, gateway, leftOut } = await open()
  const { ask } = await beginSession(gateway)
  await ask('tools/list')
  expect(await leftOut()).toEqual([])
  a.become('away')
  await ask('tools/list')
  await ask('tools/list')
  a.become('up')
  await ask('tools/list')
  expect(await leftOut()).toEqual(['portcullis_servers_left_out_total{server="a"} 2'])
})

test('a server that policy keeps from the caller is not away', async () => {
  const { gateway, leftOut } = await open()
  const { session } = await beginSession(gateway)
  const list = { jsonrpc: '2.0', id: 1, method: 'tools/list' }
  const refused = script({ pre: { 'tools/list': false } })
  const answer = await send(gateway.mcpUrl, list, { ...refused, 'mcp-session-id': session })
  expect(answer.status).toBe(403)
  expect(await leftOut()).toEqual([])
})
