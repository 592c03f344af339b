import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { generateKeys } from '../../src/bundles/sign.js'
import { run } from '../cli/run-command.js'
import { startTestGateway, toolCall, trustLoopback } from '../support/gateway.js'
import { logged, sentTo } from '../support/governed.js'
import {
  configuring,
  enterpriseRules,
  member,
  platform,
  removing,
  result,
} from './enterprise-rules.js'
import { answering, enforcing, startRuled, writeTexts, type RuledGateway } from './rules-gateway.js'
import type { Texts } from './rules-bundle.js'

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

describe('in enforce mode', () => {
  test.each<readonly [what: string, texts: Texts | undefined]>([
    ['rules that are no YAML', { 'rules.yaml': 'rules: [' }],
    [
      'a condition that is no CEL',
      { 'rules.yaml': enterpriseRules.replace('user.teams)', 'user.teams))') },
    ],
    [
      'an effect that nobody knows',
      { 'rules.yaml': enterpriseRules.replace('effect: audit', 'effect: permit') },
    ],
    [
      'a key that nobody knows',
      { 'rules.yaml': enterpriseRules.replace('reason: noted', 'priority: 3') },
    ],
    [
      'two rules of one id',
      { 'rules.yaml': enterpriseRules.replace('id: members-work', 'id: known-servers') },
    ],
    ['no rules at all', undefined],
  ])('%s let nothing pass', async (_what, texts) => {
    const { gateway, upstream } = await opened(startRuled(texts, answering(result), enforcing))
    const reply = await gateway.post(toolCall('list_servers'), platform)
    expect(reply.status).toBe(503)
    expect(await reply.json()).toMatchObject({ error: { message: 'policy_unavailable' } })
    expect(sentTo(upstream)).toEqual([])
    expect((await fetch(`${gateway.opsUrl}/readyz`)).status).toBe(503)
    expect((await logged(gateway, 'decision'))[0]).toMatchObject({ effect: 'deny', enforced: true })
  })

  test('a refusal says what, why, by which rule, and what to do about it', async () => {
    const { gateway } = await ruled()
    const refused = await gateway.post(removing, member)
    expect(await refused.json()).toEqual({
      jsonrpc: '2.0',
      id: 1,
      error: {
        code: 403,
        message: 'policy_deny',
        data: {
          reason: 'platform_team_only',
          rule: 'critical-by-platform',
          remedy: 'Ask the platform team',
          decision_id: expect.any(String),
          revision: expect.any(String),
          forwarded: false,
        },
      },
    })
  })
})

describe('teams', () => {
  const organisation = `
version: 1
rules:
  - { id: org/no-restore, match: { tool: restore }, effect: deny, reason: nobody_restores }
`
  const team = `
version: 1
scope: { team: core }
default: deny
rules:
  - { id: core/work, match: { tool: [list_servers, restore] }, effect: allow }
`
  const texts = { 'rules/organisation.yaml': organisation, 'rules/team-core.yaml': team }

  test('tighten what the organisation allows, for their members alone', async () => {
    const { gateway } = await ruled(enforcing, texts)
    expect((await gateway.post(toolCall('list_servers'), member)).status).toBe(200)
    expect((await gateway.post(configuring, member)).status).toBe(403)
    expect((await gateway.post(configuring, platform)).status).toBe(200)
  })

  test('never loosen what the organisation denies', async () => {
    const { gateway } = await ruled(enforcing, texts)
    const refused = await gateway.post(toolCall('restore'), member)
    expect(await refused.json()).toMatchObject({ error: { data: { reason: 'nobody_restores' } } })
  })
})

describe('signed rules', () => {
  async function signedBundle() {
    const { folder } = await ruled({ POLICY_MODE: 'off' })
    const { privatePem, publicPem } = generateKeys('EdDSA')
    const [key, publicKey, bundle] = ['key.pem', 'key.pub.pem', 'b.tar.gz'].map((name) =>
      join(folder, '..', name),
    ) as [string, string, string]
    await writeFile(key, privatePem)
    await writeFile(publicKey, publicPem)
    await writeTexts(folder, { 'rules.yaml': enterpriseRules })
    const built = await run([
      'policy',
      'build',
      folder,
      '-o',
      bundle,
      '--sign',
      key,
      '--key-id',
      'team',
    ])
    expect(built, built.err).toMatchObject({ exitCode: 0 })
    return { bundle, publicKey }
  }

  async function gatewayWith(bundle: string, publicKey: string) {
    const gateway = await startTestGateway(
      {
        ...trustLoopback,
        UPSTREAM_URL: (await ruled({ POLICY_MODE: 'off' })).upstream.url,
        POLICY_MODE: 'enforce',
        POLICY_BUNDLE_PATH: bundle,
        POLICY_VERIFICATION_KEYS: `team=${publicKey}`,
        POLICY_REQUIRE_SIGNATURE: 'true',
      },
      { [publicKey]: await readFile(publicKey, 'utf8') },
    )
    open.push(gateway)
    return gateway
  }

  test('are distributed as a bundle, and enforced where the signature is right', async () => {
    const { bundle, publicKey } = await signedBundle()
    const gateway = await gatewayWith(bundle, publicKey)
    expect((await gateway.post(removing, member)).status).toBe(403)
    expect((await gateway.post(removing, platform)).status).toBe(200)
  })

  test('let nothing pass where it is not', async () => {
    const { bundle } = await signedBundle()
    const { publicKey } = await signedBundle()
    const gateway = await gatewayWith(bundle, publicKey)
    expect((await gateway.post(removing, platform)).status).toBe(503)
  })
})
