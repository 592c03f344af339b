import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { startTestGateway, type TestGateway, toolCall } from '../support/gateway.js'
import { logged } from '../support/governed.js'
import { spawnGateway, type LogRecord } from '../support/process.js'
import { readyz } from '../support/supplied.js'
import { echo, type RawUpstream, startRawUpstream } from '../support/upstream.js'

let folder: string
let upstream: RawUpstream
const gateways: TestGateway[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portcullis-rules-'))
  upstream = await startRawUpstream(echo)
})

afterEach(async () => {
  for (const gateway of gateways.splice(0)) await gateway.close()
  await upstream.close()
  await rm(folder, { recursive: true })
})

async function start(env: Record<string, string>): Promise<TestGateway> {
  const gateway = await startTestGateway({
    UPSTREAM_URL: upstream.url,
    POLICY_MODE: 'enforce',
    ...env,
  })
  gateways.push(gateway)
  return gateway
}

const at = (name: string): string => join(folder, name)

/** Replaces the file in one step. */
async function put(name: string, text: string): Promise<void> {
  await mkdir(dirname(at(name)), { recursive: true })
  await writeFile(at('.next'), text)
  await rename(at('.next'), at(name))
}

/** A rule that denies this tool, and says so. */
const denies = (tool: string): string =>
  `rules:\n  - { id: no-${tool}, match: { tool: ${tool} }, effect: deny, reason: no_${tool} }\n`

/** Rules that have a say in a call and in its result. */
const versionOf = (name: string): string =>
  `rules:\n` +
  `  - { id: ${name}, match: { tool: read }, effect: audit }\n` +
  `  - { id: ${name}-out, match: { tool: read }, effect: mask_fields, fields: [secret] }\n`

const statusOf = async (gateway: TestGateway, tool: string): Promise<number> =>
  (await gateway.post(toolCall(tool))).status

/** Until a call of the tool is answered like this. */
function untilAnswered(gateway: TestGateway, tool: string, status: number): Promise<void> {
  return vi.waitFor(async () => expect(await statusOf(gateway, tool)).toBe(status), {
    interval: 10,
    timeout: 8000,
  })
}

const lastError = async (gateway: TestGateway) => (await readyz(gateway)).policy.last_error

describe('rules without a bundle', () => {
  test.each(['a file', 'a folder'])(
    'while %s changes again and again, no call fails and none is judged by two revisions',
    async (what) => {
      const name = what === 'a file' ? 'rules.yaml' : 'rules/deep/one.yaml'
      await put(name, versionOf('even'))
      const gateway = await start({
        POLICY_RULES_PATH: what === 'a file' ? at(name) : at('rules'),
      })
      const reloading = new AbortController()
      const statuses = new Set<number>()
      const caller = async (): Promise<void> => {
        while (!reloading.signal.aborted) statuses.add(await statusOf(gateway, 'read'))
      }
      const callers = Promise.all([caller(), caller(), caller()])
      for (let round = 1; round <= 4; round += 1) {
        await put(name, versionOf(round % 2 === 0 ? 'even' : 'odd'))
        await gateway.reload()
      }
      reloading.abort()
      await callers
      expect([...statuses]).toEqual([200])

      const lines = await gateway.decisions()
      const activated = lines.filter(
        ({ type, outcome }) => type === 'reload' && outcome === 'activated',
      )
      expect(activated.length).toBeGreaterThan(4)
      const calls = new Map<unknown, { revisions: Set<unknown>; hooks: Set<unknown> }>()
      for (const line of lines.filter(({ type }) => type === 'decision')) {
        const known = calls.get(line['call_id']) ?? { revisions: new Set(), hooks: new Set() }
        known.revisions.add(line['revision'])
        known.hooks.add(line['hook'])
        calls.set(line['call_id'], known)
      }
      expect(calls.size).toBeGreaterThan(10)
      for (const { revisions, hooks } of calls.values()) {
        expect([revisions.size, hooks.size]).toEqual([1, 2])
      }
      expect(new Set([...calls.values()].flatMap(({ revisions }) => [...revisions])).size).toBe(2)
    },
    15_000,
  )

  test('are followed without being asked, under the names of their files', async () => {
    await put('rules/hr/pay.yaml', denies('pay'))
    const gateway = await start({ POLICY_RULES_PATH: at('rules') })
    expect(await statusOf(gateway, 'pay')).toBe(403)
    expect(await statusOf(gateway, 'read')).toBe(200)
    await put('rules/it/read.yaml', denies('read'))
    await untilAnswered(gateway, 'read', 403)
    expect(await statusOf(gateway, 'pay')).toBe(403)
    const [, , last] = await logged(gateway, 'decision', 3)
    expect(last).toMatchObject({ engine: 'rules' })
    const { policy } = await readyz(gateway)
    expect(policy.bundles).toMatchObject([{ name: 'rules', source: at('rules') }])
    expect(policy.revision).toMatch(/^[0-9a-f]{12}$/)
  })

  test('that turn bad leave the last good ones in force, and say where the fault is', async () => {
    await put('rules/pay.yaml', denies('pay'))
    const gateway = await start({ POLICY_RULES_PATH: at('rules') })
    const { policy } = await readyz(gateway)
    await put('rules/pay.yaml', `${denies('pay')}  - { id: x, efect: allow }\n`)
    await gateway.reload()
    const error = await lastError(gateway)
    expect(error).toMatchObject({ fault: 'check' })
    expect(error?.message).toMatch(/(?:^|\s)pay\.yaml:3:\d+: /)
    expect(error?.message).toContain('efect')
    const [failed] = await logged(gateway, 'reload', 2).then((lines) => lines.slice(-1))
    expect(failed).toMatchObject({ outcome: 'failed', source: at('rules') })
    expect(failed?.['error']).toMatch(/pay\.yaml:3:\d+: /)
    expect((await readyz(gateway)).policy.revision).toBe(policy.revision)
    expect(await statusOf(gateway, 'pay')).toBe(403)
    await put('rules/pay.yaml', denies('other'))
    await untilAnswered(gateway, 'pay', 200)
    expect(await lastError(gateway)).toBeNull()
  })

  test.each(['is emptied', 'is gone', 'gets Rego', 'has no text any more'])(
    'of a folder that %s stay in force',
    async (what) => {
      await put('rules/pay.yaml', denies('pay'))
      const gateway = await start({ POLICY_RULES_PATH: at('rules') })
      if (what === 'is emptied') await rm(at('rules/pay.yaml'))
      if (what === 'is gone') await rm(at('rules'), { recursive: true })
      if (what === 'gets Rego') await put('rules/policy.rego', 'package mcp')
      if (what === 'has no text any more') await put('rules/pay.yaml', '')
      await gateway.reload()
      expect(await statusOf(gateway, 'pay')).toBe(403)
      const { ready } = await readyz(gateway)
      expect([ready, (await lastError(gateway)) === null]).toEqual([true, false])
    },
  )

  test('that are bad at the start keep the gateway alive, not ready, and looking for better ones', async () => {
    await put('rules.yaml', 'rules: [{ id: a, effect: deny, when: "1 +" }]\n')
    const gateway = await start({ POLICY_RULES_PATH: at('rules.yaml') })
    expect(await statusOf(gateway, 'read')).toBe(503)
    const before = await readyz(gateway)
    expect(before).toMatchObject({ ready: false, policy: { state: 'refused' } })
    expect(before.policy.last_error?.message).toMatch(/rules\.yaml:1:\d+: /)
    await put('rules.yaml', denies('pay'))
    await untilAnswered(gateway, 'read', 200)
    expect(await statusOf(gateway, 'pay')).toBe(403)
    expect((await readyz(gateway)).ready).toBe(true)
  })

  test('that are bad fail closed under the switch that fails open without a policy', async () => {
    await put('rules.yaml', 'rules: 7\n')
    const env = { UPSTREAM_URL: upstream.url, POLICY_ENABLED: 'true' }
    const bad = await startTestGateway({ ...env, POLICY_RULES_PATH: at('rules.yaml') })
    const absent = await startTestGateway({ ...env, POLICY_RULES_PATH: at('none.yaml') })
    gateways.push(bad, absent)
    expect(await statusOf(bad, 'read')).toBe(503)
    expect(await statusOf(absent, 'read')).toBe(200)
  })

  test('of a mounted ConfigMap change as a whole', async () => {
    const mount = async (version: string, files: Record<string, string>): Promise<void> => {
      await mkdir(at('mounted'), { recursive: true })
      for (const [name, text] of Object.entries(files)) {
        await put(join('mounted', `..${version}`, name), text)
      }
      await symlink(`..${version}`, at('mounted/..data_tmp'))
      await rename(at('mounted/..data_tmp'), at('mounted/..data'))
      for (const name of Object.keys(files)) {
        await symlink(join('..data', name), at(join('mounted', name))).catch(() => undefined)
      }
    }
    await mount('one', { 'pay.yaml': denies('pay'), 'read.yaml': denies('read') })
    const gateway = await start({ POLICY_RULES_PATH: at('mounted') })
    expect([await statusOf(gateway, 'pay'), await statusOf(gateway, 'read')]).toEqual([403, 403])
    await mount('two', { 'pay.yaml': denies('other'), 'read.yaml': denies('another') })
    await untilAnswered(gateway, 'pay', 200)
    expect(await statusOf(gateway, 'read')).toBe(200)
    expect(await statusOf(gateway, 'other')).toBe(403)
    const activated = (await gateway.decisions()).filter(
      ({ type, outcome }) => type === 'reload' && outcome === 'activated',
    )
    expect(activated).toHaveLength(2)
  })

  test('are kept for a start while their folder is away or bad', async () => {
    const env = { POLICY_RULES_PATH: at('rules'), POLICY_CACHE_DIR: at('kept') }
    await put('rules/pay.yaml', denies('pay'))
    const first = await start(env)
    const { policy } = await readyz(first)
    await put('rules/pay.yaml', 'rules: {}\n')
    for (const change of [() => Promise.resolve(), () => rm(at('rules'), { recursive: true })]) {
      await change()
      const gateway = await start(env)
      expect(await statusOf(gateway, 'pay')).toBe(403)
      const now = await readyz(gateway)
      expect(now.policy.revision).toBe(policy.revision)
      expect(now.policy.last_error).not.toBeNull()
    }
  })

  test('judge as a candidate beside those in force', async () => {
    await put('rules/pay.yaml', denies('pay'))
    await put('next.yaml', denies('read'))
    const gateway = await start({
      POLICY_RULES_PATH: at('rules'),
      POLICY_CANDIDATE_PATH: at('next.yaml'),
    })
    expect(await statusOf(gateway, 'read')).toBe(200)
    const [line] = await logged(gateway, 'candidate')
    expect(line).toMatchObject({ server: 'default' })
  })
})

test('a process takes rules by a flag, reads them anew on SIGHUP, and logs what is doubtful in them', async () => {
  await put('rules.yaml', denies('pay'))
  const gateway = await spawnGateway(['--policy-rules', at('rules.yaml')], {
    UPSTREAM_URL: upstream.url,
    POLICY_MODE: 'enforce',
  })
  try {
    const doubtful = 'rules:\n  - { id: never, effect: deny, when: 1 > 2, reason: no }\n'
    await writeFile(at('rules.yaml'), doubtful)
    gateway.signal('SIGHUP')
    const isWarned = (line: LogRecord): boolean => line['msg'] === 'rules_warned'
    const warned = await gateway.seen('operatorLog', isWarned)
    expect(warned).toMatchObject({ level: 'warn' })
    expect(JSON.stringify(warned)).toContain('rules.yaml:2:')
  } finally {
    expect(await gateway.stop()).toBe(0)
  }
})
