import { copyFile, mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startDemoServer, type DemoServer } from '../../src/demo/server.js'
import { connectClient, textOf } from '../support/client.js'
import { as, mcpHeaders, starterBundle, toolCall, trustLoopback } from '../support/gateway.js'
import { spawnGateway, type GatewayProcess } from '../support/process.js'

let demo: DemoServer
let folder: string
const open: (() => Promise<unknown>)[] = []

beforeAll(async () => {
  demo = await startDemoServer()
  folder = await mkdtemp(join(tmpdir(), 'portcullis-stories-'))
})
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})
afterAll(async () => {
  await demo.close()
  await rm(folder, { recursive: true })
})

async function gateway(
  env: Record<string, string>,
  bundle: string = starterBundle,
): Promise<GatewayProcess> {
  const running = await spawnGateway(['--policy-bundle', bundle, '--upstream', demo.url], {
    ...trustLoopback,
    ...env,
  })
  open.push(() => running.stop())
  return running
}

async function client(running: GatewayProcess, headers: Record<string, string> = {}) {
  const connected = await connectClient(running.mcpUrl, headers)
  open.push(() => connected.close())
  return connected
}

const post = (url: string, body: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(url, { method: 'POST', headers: { ...mcpHeaders, ...headers }, body })

describe('story 1: a role-based tool allow-list', () => {
  test('a dev who calls database.backup gets 403 policy_deny, and the log says role_mismatch', async () => {
    const running = await gateway({ POLICY_ENABLED: 'true' })
    const alice = await client(running, as('alice@org', 'dev'))
    await expect(alice.callTool({ name: 'database.backup', arguments: {} })).rejects.toThrow(
      /policy_deny/,
    )
    const denied = await running.seen('decisionLog', ({ effect }) => effect === 'deny')
    expect(denied).toMatchObject({
      hook: 'pre',
      kind: 'tools/call',
      code: 'policy_deny',
      reason: 'role_mismatch',
      message: 'blocked by rego: role_mismatch',
      enforced: true,
      engine: 'rego',
      revision: 'starter-1',
      principal: { id: 'alice@org', roles: ['dev'] },
      target: { type: 'tool', name: 'database.backup' },
    })
  })

  test('the refusal on the wire is HTTP 403 with code, reason, rule and decision', async () => {
    const running = await gateway({ POLICY_ENABLED: 'true' })
    const reply = await post(running.mcpUrl, toolCall('database.backup'), as('alice@org', 'dev'))
    expect(reply.status).toBe(403)
    expect(await reply.json()).toMatchObject({
      jsonrpc: '2.0',
      id: 1,
      error: {
        code: 403,
        message: 'policy_deny',
        data: {
          reason: 'role_mismatch',
          rule: expect.any(String),
          decision_id: expect.any(String),
          revision: 'starter-1',
          forwarded: false,
        },
      },
    })
  })

  test('the same client calls on, and the tool is there for those who may', async () => {
    const running = await gateway({ POLICY_ENABLED: 'true' })
    const alice = await client(running, as('alice@org', 'dev'))
    await expect(alice.callTool({ name: 'database.backup', arguments: {} })).rejects.toThrow()
    const weather = await alice.callTool({ name: 'weather.get', arguments: { city: 'Berlin' } })
    expect(textOf(weather)).toContain('Berlin')
    const admin = await client(running, as('root@org', 'admin'))
    await expect(admin.callTool({ name: 'database.backup', arguments: {} })).resolves.toBeDefined()
  })
})

test('story 2: a temperature of -500 is 422 validation_failed', async () => {
  const running = await gateway({ EXPERIMENTAL_POLICY_ENGINE: 'true' })
  const someone = await client(running)
  await expect(
    someone.callTool({ name: 'temp.convert', arguments: { temp: -500 } }),
  ).rejects.toThrow(/validation_failed/)
  const reply = await post(running.mcpUrl, toolCall('temp.convert', { temp: -500 }))
  expect(reply.status).toBe(422)
  expect(await reply.json()).toMatchObject({ error: { code: 422, message: 'validation_failed' } })
  await expect(
    someone.callTool({ name: 'temp.convert', arguments: { temp: 20 } }),
  ).resolves.toBeDefined()
})

test('story 3: an alert arrives without its escapes', async () => {
  const running = await gateway({ POLICY_ENABLED: 'true' })
  const someone = await client(running)
  expect(textOf(await someone.callTool({ name: 'alert', arguments: {} }))).toBe('ALERT')
  const direct = await connectClient(demo.url)
  open.push(() => direct.close())
  expect(textOf(await direct.callTool({ name: 'alert', arguments: {} }))).toContain('\u001b[31m')
})

test('story 4: a bundle that is replaced and a SIGHUP: the next request is judged by the new one', async () => {
  const bundle = join(folder, 'bundle.tar.gz')
  await copyFile(starterBundle, bundle)
  const running = await gateway({ POLICY_ENABLED: 'true' }, bundle)
  const weather = toolCall('weather.get', { city: 'Berlin' })
  expect((await post(running.mcpUrl, weather)).status).toBe(200)
  const replacement = new URL('../fixtures/policies/deny-tools/bundle.tar.gz', import.meta.url)
  await copyFile(replacement, `${bundle}.new`)
  await rename(`${bundle}.new`, bundle)
  running.signal('SIGHUP')
  await running.seen(
    'decisionLog',
    ({ type, outcome, revision }) =>
      type === 'reload' && outcome === 'activated' && revision === 'deny-tools-1',
  )
  const reply = await post(running.mcpUrl, weather)
  expect(reply.status).toBe(403)
  expect(await reply.json()).toMatchObject({ error: { data: { revision: 'deny-tools-1' } } })
})

describe('story 5: what is not switched on blocks nothing', () => {
  test('with the flag unset a violation is allowed, and logged at WARN as would_deny', async () => {
    const running = await gateway({})
    const reply = await post(running.mcpUrl, toolCall('database.backup'), as('alice@org', 'dev'))
    expect(reply.status).toBe(200)
    const warning = await running.seen('operatorLog', ({ msg }) => msg === 'would_deny')
    expect(warning).toMatchObject({ level: 'warn', reason: 'role_mismatch', would_deny: true })
    const decision = await running.seen('decisionLog', ({ would_deny }) => would_deny === true)
    expect(decision).toMatchObject({ effect: 'deny', enforced: false, mode: 'audit-only' })
    const alert = await post(running.mcpUrl, toolCall('alert'))
    expect(await alert.text()).toContain('\\u001b[31m')
  })

  test('with the flag off it is a relay: nothing is evaluated or recorded', async () => {
    const running = await gateway({ EXPERIMENTAL_POLICY_ENGINE: 'false', POLICY_MODE: 'enforce' })
    const reply = await post(running.mcpUrl, toolCall('database.backup'), as('alice@org', 'dev'))
    expect(reply.status).toBe(200)
    const notice = await running.seen('operatorLog', ({ level }) => level === 'error')
    expect(JSON.stringify(notice)).toContain('POLICY_MODE')
    const { notices } = (await (await fetch(`${running.opsUrl}/readyz`)).json()) as {
      notices: string[]
    }
    expect(notices).toHaveLength(1)
    expect(await running.stop()).toBe(0)
    expect(running.decisionLog).toEqual([])
  })

  test('with the flag on and the bundle missing it fails open, logs an error and marks every call', async () => {
    const running = await gateway({ POLICY_ENABLED: 'true' }, join(folder, 'missing.tar.gz'))
    await running.seen(
      'operatorLog',
      ({ level, msg }) => level === 'error' && msg === 'policy_missing',
    )
    const reply = await post(running.mcpUrl, toolCall('database.backup'), as('alice@org', 'dev'))
    expect(reply.status).toBe(200)
    const marked = await running.seen('decisionLog', ({ fail_open }) => fail_open === true)
    expect(marked).toMatchObject({ effect: 'allow', enforced: false })
    expect((await fetch(`${running.opsUrl}/readyz`)).status).toBe(200)
  })
})

test('POLICY_MODE=enforce with the bundle missing fails closed: 503 and not ready', async () => {
  const running = await gateway({ POLICY_MODE: 'enforce' }, join(folder, 'missing.tar.gz'))
  const reply = await post(running.mcpUrl, toolCall('weather.get', { city: 'Berlin' }))
  expect(reply.status).toBe(503)
  expect(await reply.json()).toMatchObject({ error: { message: 'policy_unavailable' } })
  expect((await fetch(`${running.opsUrl}/readyz`)).status).toBe(503)
  expect((await fetch(`${running.opsUrl}/healthz`)).status).toBe(200)
  const denied = await running.seen('decisionLog', ({ effect }) => effect === 'deny')
  expect(denied).toMatchObject({ code: 'policy_unavailable', enforced: true })
})

test('a bundle that is there and refused fails closed under any flag', async () => {
  const broken = join(folder, 'broken.tar.gz')
  await copyFile(new URL(import.meta.url), broken)
  const running = await gateway({ POLICY_ENABLED: 'true', POLICY_FAIL_MODE: 'open' }, broken)
  expect((await post(running.mcpUrl, toolCall('weather.get'))).status).toBe(503)
})
