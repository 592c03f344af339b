import { afterEach, describe, expect, test } from 'vitest'
import { toolCall } from '../support/gateway.js'
import { logged, sentTo } from '../support/governed.js'
import {
  configuring,
  enterpriseRules,
  member,
  platform,
  removing,
  result,
} from './enterprise-rules.js'
import { answering, enforcing, startRuled, type RuledGateway } from './rules-gateway.js'
import type { Texts } from './rules-bundle.js'
import { differencesIn } from './told-cases.js'

const open: { close(): Promise<void> }[] = []

afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close()
})

async function ruled(
  env: Record<string, string> = enforcing,
  texts: Texts = { 'rules.yaml': enterpriseRules },
): Promise<RuledGateway> {
  return opened(startRuled(texts, answering(result), env))
}

async function opened(starting: Promise<RuledGateway>): Promise<RuledGateway> {
  const started = await starting
  open.push(started)
  return started
}

describe('a rule', () => {
  test.each(['configure_server', 'remove_server', 'restore', 'apply_stack'])(
    'stops %s before it is carried out',
    async (tool) => {
      const { gateway, upstream } = await ruled()
      const refused = await gateway.post(toolCall(tool, { package: 'search' }), member)
      expect(refused.status).toBe(403)
      expect(sentTo(upstream)).toEqual([])
      const passed = await gateway.post(toolCall(tool, { package: 'search' }), platform)
      expect(passed.status).toBe(200)
      expect(sentTo(upstream)).toHaveLength(1)
    },
  )

  test('leaves other operations alone', async () => {
    const { gateway } = await ruled()
    expect((await gateway.post(toolCall('list_servers'), member)).status).toBe(200)
  })

  test('is about clients by their verified id, never by what they call themselves', async () => {
    const rules = `
version: 1
default: deny
rules:
  - { id: trusted-client, match: { kind: tools/call, client: ci-bot }, effect: allow }
`
    const { gateway } = await ruled(enforcing, { 'rules.yaml': rules })
    const params = {
      clientInfo: { name: 'ci-bot', version: '1' },
      protocolVersion: '2025-11-25',
      capabilities: {},
    }
    const hello = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params })
    expect((await gateway.post(hello, member)).status).toBe(200)
    expect((await gateway.post(toolCall('list_servers'), member)).status).toBe(403)
  })
})

describe('precedence', () => {
  const parts = enterpriseRules.trim().split(/\n(?=\n {2}- id: )/)
  const [head = '', ...later] = parts
  const [intro = '', first = ''] = head.split(/(?<=rules:\n)/)
  const rules = [first, ...later]

  test.each(permutations(rules).map((order, at) => [at, order] as const))(
    'is deny over allow over audit, whichever stands first (order %i)',
    async (_at, order) => {
      const text = `${intro}${order.join('\n')}\n`
      const user = { id: 'mia@example.org', roles: ['member'] }
      const remove = { tool: 'remove_server', args: { name: 'search' } }
      expect(
        await differencesIn(text, {
          user,
          call: remove,
          expect: {
            effect: 'deny',
            reason: 'platform_team_only',
            rules: ['critical-by-platform', 'changes-are-noted'],
          },
        }),
      ).toEqual([])
      expect(
        await differencesIn(text, {
          user: { ...user, teams: ['platform'] },
          call: remove,
          expect: {
            effect: 'allow',
            reason: 'member',
            rules: ['members-work', 'changes-are-noted'],
          },
        }),
      ).toEqual([])
    },
  )

  test('is what the record says: the rule that decided comes first', async () => {
    const { gateway } = await ruled()
    await gateway.post(removing, member)
    expect((await gateway.post(configuring, platform)).status).toBe(200)
    const [denied, allowed] = await logged(gateway, 'decision', 2)
    expect(denied['rules']).toEqual(['critical-by-platform', 'changes-are-noted'])
    expect(allowed).toMatchObject({ effect: 'allow' })
    expect(allowed?.['rules']).toEqual(['members-work', 'changes-are-noted'])
  })
})

describe('the decision log', () => {
  test('is JSON lines with rule, effect, reason, code and fingerprint, of denied calls too', async () => {
    const { gateway } = await ruled()
    await gateway.post(removing, member)
    await gateway.post(removing, member)
    await gateway.post(toolCall('remove_server', { name: 'other' }), member)
    const lines = await logged(gateway, 'decision', 3)
    for (const line of lines) {
      expect(line).toMatchObject({
        hook: 'pre',
        kind: 'tools/call',
        engine: 'rules',
        effect: 'deny',
        enforced: true,
        code: 'policy_deny',
        reason: 'platform_team_only',
        message: 'blocked by rules: platform_team_only',
        principal: { id: 'mia@example.org', roles: ['member'], teams: ['core'] },
        target: { type: 'tool', name: 'remove_server' },
        request_fingerprint: expect.stringMatching(/[0-9a-f]{64}/),
      })
      expect(line['rules']).toContain('critical-by-platform')
    }
    const [one, same, other] = lines.map((line) => line['request_fingerprint'])
    expect(one).toBe(same)
    expect(one).not.toBe(other)
  })

  test('says which policy decided: another text of the rules is another digest', async () => {
    const digestOf = async (text: string): Promise<unknown> => {
      const { gateway } = await ruled(enforcing, { 'rules.yaml': text })
      await gateway.post(removing, member)
      return (await logged(gateway, 'decision'))[0]['bundle_digest']
    }
    const digest = await digestOf(enterpriseRules)
    expect(digest).toMatch(/^[0-9a-f]{64}$/)
    expect(await digestOf(enterpriseRules)).toBe(digest)
    expect(await digestOf(enterpriseRules.replace('remove_server', 'remove_servers'))).not.toBe(
      digest,
    )
  })
})

describe('rollout', () => {
  test('in audit-only everything passes unchanged, and the record says what would not', async () => {
    const { gateway, upstream } = await ruled({ POLICY_MODE: 'audit-only' })
    const reply = await gateway.post(removing, member)
    expect(await reply.text()).toBe(`{"jsonrpc":"2.0","id":1,"result":${result}}`)
    expect(sentTo(upstream)).toEqual([removing])
    expect((await logged(gateway, 'decision'))[0]).toMatchObject({
      ...{ effect: 'deny', would_deny: true, enforced: false, mode: 'audit-only' },
      ...{ reason: 'platform_team_only' },
    })
  })

  test('in warn the caller is told', async () => {
    const { gateway } = await ruled({ POLICY_MODE: 'warn' })
    const { result: told } = (await (await gateway.post(removing, member)).json()) as {
      result: { _meta: Record<string, unknown> }
    }
    expect(JSON.stringify(told._meta['portcullis/warnings'])).toContain('platform_team_only')
  })

  test('one rule on trial leaves a mark while the others enforce', async () => {
    const onTrial = enterpriseRules.replace('effect: deny', 'mode: audit-only\n    effect: deny')
    const { gateway } = await ruled(enforcing, { 'rules.yaml': onTrial })
    expect((await gateway.post(removing, member)).status).toBe(200)
    const unknown = toolCall('configure_server', { package: 'else' })
    expect((await gateway.post(unknown, member)).status).toBe(422)
    const [passed] = await logged(gateway, 'decision', 2)
    expect(JSON.stringify(passed)).toContain('critical-by-platform')
    expect(passed).toMatchObject({ effect: 'allow' })
  })

  test('with nothing set it is audit-only', async () => {
    const { gateway } = await ruled({})
    expect((await gateway.post(removing, member)).status).toBe(200)
    expect((await logged(gateway, 'decision'))[0]).toMatchObject({
      effect: 'deny',
      would_deny: true,
    })
  })
})

function permutations<Item>(items: readonly Item[]): readonly (readonly Item[])[] {
  if (items.length <= 1) return [items]
  return items.flatMap((item, at) =>
    permutations(items.filter((_other, index) => index !== at)).map((rest) => [item, ...rest]),
  )
}
