import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  as,
  startTestGateway,
  toolCall,
  trustLoopback,
  type TestGateway,
} from '../support/gateway.js'
import { metric, readyz, suppliedBundle, suppliedData } from '../support/supplied.js'
import { echo, startRawUpstream, type RawUpstream } from '../support/upstream.js'

let upstream: RawUpstream
let folder = ''
const gateways: TestGateway[] = []

beforeAll(async () => {
  upstream = await startRawUpstream(echo)
})
afterAll(() => upstream.close())
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portcullis-sets-'))
})
afterEach(async () => {
  for (const gateway of gateways.splice(0)) await gateway.close()
  await rm(folder, { recursive: true })
})

const write = (name: string, archive: Buffer): Promise<void> =>
  writeFile(join(folder, name), archive)

/** A gateway with the bundles of the folder, as the file of bundles says. */
async function gatewayWith(bundles: Record<string, object>): Promise<TestGateway> {
  const file = join(folder, 'bundles.json')
  const entries = Object.entries(bundles).map(([name, entry]) => [
    name,
    { path: join(folder, `${name}.tar.gz`), ...entry },
  ])
  const text = JSON.stringify({ bundles: Object.fromEntries(entries) as object })
  const gateway = await startTestGateway(
    {
      ...trustLoopback,
      UPSTREAM_URL: upstream.url,
      POLICY_MODE: 'enforce',
      POLICY_BUNDLES_FILE: file,
    },
    { [file]: text },
  )
  gateways.push(gateway)
  return gateway
}

async function answerOf(gateway: TestGateway, tool: string, user = 'alice'): Promise<unknown> {
  const response = await gateway.post(toolCall(tool), as(user, 'dev'))
  const { error } = (await response.json()) as { error?: { data: { reason: string } } }
  return error?.data.reason ?? response.status
}

describe('several bundles', () => {
  test('are each asked about the calls of their scope, and a lower layer only tightens', async () => {
    await write('org.tar.gz', await suppliedBundle({ revision: 'org', forbidden: ['pay'] }))
    await write('bob.tar.gz', await suppliedBundle({ revision: 'bob', forbidden: ['buy'] }))
    const gateway = await gatewayWith({
      org: { layer: 'organisation' },
      bob: { layer: 'team', scope: { user: 'bob*' } },
    })
    expect(await answerOf(gateway, 'pay')).toBe('forbidden_by_org')
    expect(await answerOf(gateway, 'pay', 'bob')).toBe('forbidden_by_org')
    expect(await answerOf(gateway, 'buy')).toBe(200)
    expect(await answerOf(gateway, 'buy', 'bob')).toBe('forbidden_by_bob')
  })

  test('show one by one in the metrics and in readyz, and as a set in the record', async () => {
    await write('org.tar.gz', await suppliedBundle({ revision: 'org-1' }))
    await write('team.tar.gz', await suppliedBundle({ revision: 'team-1' }))
    const gateway = await gatewayWith({ org: {}, team: { layer: 'team' } })
    const { policy } = await readyz(gateway)
    expect(policy.bundles).toMatchObject([
      { name: 'org', revision: 'org-1', source: join(folder, 'org.tar.gz') },
      { name: 'team', revision: 'team-1' },
    ])
    for (const { revision, digest } of policy.bundles) {
      const series = `portcullis_bundle_info{revision="${String(revision)}",digest="${String(digest)}"}`
      expect(await metric(gateway, series)).toBe(1)
    }
    await answerOf(gateway, 'read')
    const lines = await gateway.decisions()
    expect(lines[0]).toMatchObject({
      type: 'reload',
      revision: policy.revision,
      bundles: [{ name: 'org' }, { name: 'team' }],
    })
    expect(lines.find(({ type }) => type === 'decision')).toMatchObject({
      revision: policy.revision,
    })
  })

  test('stay as they are when one of them is refused', async () => {
    await write('org.tar.gz', await suppliedBundle({ revision: 'org', forbidden: ['pay'] }))
    await write('team.tar.gz', await suppliedBundle({ revision: 'team' }))
    const gateway = await gatewayWith({ org: {}, team: {} })
    const { policy: before } = await readyz(gateway)
    await write('team.tar.gz', Buffer.from('<html>'))
    await gateway.reload()
    const { ready, policy } = await readyz(gateway)
    expect(ready).toBe(true)
    expect(policy.revision).toBe(before.revision)
    expect(policy.last_error?.message).toMatch(/^"team": /)
    expect(await answerOf(gateway, 'pay')).toBe('forbidden_by_org')
  })
})

describe('a bundle of data', () => {
  test('is there for every policy beside it, and follows its file', async () => {
    await write('rules.tar.gz', await suppliedBundle({ revision: 'rules', withoutData: true }))
    await write('lists.tar.gz', suppliedData({ revision: 'd1', forbidden: ['pay'] }))
    const gateway = await gatewayWith({ rules: {}, lists: {} })
    expect(await answerOf(gateway, 'pay')).toBe('forbidden_by_d1')
    await write('lists.tar.gz', suppliedData({ revision: 'd2', forbidden: ['buy'] }))
    await gateway.reload()
    expect(await answerOf(gateway, 'pay')).toBe(200)
    expect(await answerOf(gateway, 'buy')).toBe('forbidden_by_d2')
  })

  test('is refused where a policy claims the same root, with both names', async () => {
    await write('rules.tar.gz', await suppliedBundle({ revision: 'rules' }))
    await write('lists.tar.gz', suppliedData({ revision: 'd1', forbidden: ['pay'] }))
    const gateway = await gatewayWith({ rules: {}, lists: {} })
    const { ready, policy } = await readyz(gateway)
    expect(ready).toBe(false)
    expect(policy.last_error?.message).toMatch(/"lists" and "rules" both claim the root "supplied"/)
  })
})
