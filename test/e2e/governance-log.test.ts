import { createHash } from 'node:crypto'
import { afterEach, describe, expect, test } from 'vitest'
import { as, toolCall, trustLoopback } from '../support/gateway.js'
import { logged, script, sentTo, startGoverned, type Governed } from '../support/governed.js'
import { json, type Answerer } from '../support/upstream.js'

const open: Governed[] = []
afterEach(async () => {
  for (const part of open.splice(0)) await part.close()
})

const result = '{"jsonrpc":"2.0","id":1,"result":{"content":[]}}'

async function governed(
  env: Record<string, string> = {},
  answer: Answerer = json(result),
): Promise<Governed> {
  const started = await startGoverned(answer, env)
  open.push(started)
  return started
}

const sha256 = expect.stringMatching(/^[0-9a-f]{64}$/) as string
const call = (args: string): string =>
  `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"pay","arguments":${args}}}`

describe('the record of one call', () => {
  test('is one line a decision and one for its end, joined by call_id', async () => {
    const { gateway } = await governed()
    await gateway.post(call('{}'))
    const [outcome] = await logged(gateway, 'outcome')
    const lines = (await gateway.decisions()).filter(({ type }) => type !== 'reload')
    expect(lines.map(({ type, hook }) => [type, hook])).toEqual([
      ['decision', 'pre'],
      ['decision', 'post'],
      ['outcome', undefined],
    ])
    const [pre, post] = lines
    expect(new Set(lines.map((line) => line['call_id'])).size).toBe(1)
    expect(pre?.['decision_id']).not.toBe(post?.['decision_id'])
    expect(outcome['decision_id']).toBe(pre?.['decision_id'])
    expect(lines.map(({ seq }) => seq)).toEqual([2, 3, 4])
  })

  test('says who asked what of whom, what was decided by which policy, and how it ended', async () => {
    const { gateway } = await governed(trustLoopback)
    const denying = { allow: false, reason: 'why', rule: 'r-1', labels: { team: 'x' } }
    await gateway.post(call('{"amount":5}'), {
      ...as('alice@org', 'dev', 'ops'),
      'x-forwarded-teams': 'core',
      ...script({ pre: { 'tools/call': denying } }),
    })
    const [decision] = await logged(gateway, 'decision')
    expect(decision).toMatchObject({
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      hook: 'pre',
      kind: 'tools/call',
      direction: 'to_server',
      effect: 'deny',
      enforced: true,
      would_deny: false,
      mode: 'enforce',
      code: 'policy_deny',
      reason: 'why',
      message: 'blocked by rego: why',
      engine: 'rego',
      rules: ['r-1'],
      warnings: [],
      labels: { team: 'x' },
      revision: 'scripted-1',
      bundle_digest: sha256,
      principal: {
        id: 'alice@org',
        roles: ['dev', 'ops'],
        teams: ['core'],
        via: 'trusted-headers',
      },
      server: 'default',
      target: { type: 'tool', name: 'pay' },
      request_id: 1,
      request_fingerprint: sha256,
      payload_digest: sha256,
      eval_us: expect.any(Number),
      fail_open: false,
    })
    expect(decision).not.toHaveProperty('args')
    const [outcome] = await logged(gateway, 'outcome')
    expect(outcome).toMatchObject({
      decision_id: decision['decision_id'],
      result: {
        status: 403,
        digest: sha256,
        bytes: expect.any(Number),
        latency_ms: expect.any(Number),
        end: 'refused',
      },
    })
  })

  test('has the digest and the length of the bytes that the caller got', async () => {
    const { gateway } = await governed()
    const masking = { allow: true, patch: { response: { content: [1] } } }
    const reply = await gateway.post(call('{}'), script({ post: { 'tools/call': masking } }))
    const text = await reply.text()
    expect((await logged(gateway, 'outcome'))[0]).toMatchObject({
      result: {
        status: 200,
        digest: createHash('sha256').update(text).digest('hex'),
        bytes: text.length,
        end: 'completed',
      },
    })
  })

  test('has an outcome where the upstream failed', async () => {
    const { gateway } = await governed({}, (_received, response) => void response.destroy())
    expect((await gateway.post(call('{}'))).status).toBe(502)
    const [pre] = await logged(gateway, 'decision')
    expect((await logged(gateway, 'outcome'))[0]).toMatchObject({
      call_id: pre['call_id'],
      result: { status: 502 },
    })
  })

  test('never holds a live session id or a credential', async () => {
    const { gateway } = await governed({ DECISION_LOG_ARGS: 'full' })
    await gateway.post(call('{}'), {
      'mcp-session-id': 'live-session',
      authorization: 'Bearer token-1',
    })
    await logged(gateway, 'outcome')
    const text = JSON.stringify(await gateway.decisions())
    expect(text).not.toContain('live-session')
    expect(text).not.toContain('token-1')
  })
})

describe('payload digests', () => {
  const digestOf = async ({ gateway }: Governed, args: string): Promise<unknown> => {
    const before = (await gateway.decisions()).filter(({ hook }) => hook === 'pre').length
    await gateway.post(call(args))
    const lines = (await gateway.decisions()).filter(({ hook }) => hook === 'pre')
    return lines[before]?.['payload_digest']
  }

  test('are equal for arguments that are spelled otherwise, and for none else', async () => {
    const part = await governed()
    const plain = await digestOf(part, '{"a":1,"b":["x",100]}')
    expect(await digestOf(part, '{ "b" : ["\\u0078", 1e2],\n"a":1.0 }')).toBe(plain)
    expect(await digestOf(part, '{"a":1,"b":["x",101]}')).not.toBe(plain)
    const exact = await digestOf(part, '{"n":9007199254740993}')
    expect(await digestOf(part, '{"n":9007199254740992}')).not.toBe(exact)
    expect(await digestOf(part, '{"n":9007199254740993.0}')).toBe(exact)
  })

  test('of long arguments stand in the outcome line', async () => {
    const { gateway } = await governed()
    await gateway.post(call(`{"text":"${'x'.repeat(20_000)}"}`))
    const [outcome] = await logged(gateway, 'outcome')
    expect(outcome).toMatchObject({ payload_digest: sha256, request_fingerprint: sha256 })
  })
})

describe('DECISION_LOG_ARGS', () => {
  test.each<[string, Record<string, string>, unknown]>([
    ['full', {}, { amount: 5, card: '1234' }],
    ['masked', { DECISION_LOG_MASK: 'card' }, { amount: 5, card: '****' }],
  ])('%s', async (detail, env, args) => {
    const { gateway } = await governed({ DECISION_LOG_ARGS: detail, ...env })
    await gateway.post(call('{"amount":5,"card":"1234"}'))
    expect((await logged(gateway, 'decision'))[0]['args']).toEqual(args)
  })
})

describe('a log that cannot be written', () => {
  const full = { DECISION_LOG: '/dev/full' }

  test('in enforce mode nothing is forwarded', async () => {
    const { gateway, upstream } = await governed(full)
    const reply = await gateway.post(call('{}'))
    expect([reply.status, await reply.json()]).toMatchObject([
      503,
      {
        id: 1,
        error: { code: 503, message: 'log_unavailable', data: { forwarded: false } },
      },
    ])
    expect(upstream.received).toEqual([])
  })

  test('a denial stays a refusal', async () => {
    const { gateway, upstream } = await governed(full)
    const reply = await gateway.post(call('{}'), script({ pre: { 'tools/call': false } }))
    expect(reply.status).toBeGreaterThanOrEqual(403)
    expect(upstream.received).toEqual([])
  })

  test('in audit-only mode calls pass', async () => {
    const { gateway, upstream } = await governed({ ...full, POLICY_MODE: 'audit-only' })
    const reply = await gateway.post(call('{}'))
    expect([reply.status, await reply.text()]).toEqual([200, result])
    expect(sentTo(upstream)).toEqual([call('{}')])
  })

  test('answers of clients stop, too', async () => {
    const { gateway, upstream } = await governed(full)
    const answer = await gateway.post('{"jsonrpc":"2.0","id":"e1","result":{"action":"accept"}}')
    expect(answer.status).toBe(503)
    expect(upstream.received).toEqual([])
  })
})

test('without a log calls pass', async () => {
  const { gateway } = await governed({ DECISION_LOG: 'off' })
  expect((await gateway.post(toolCall('pay'))).status).toBe(200)
})

test('a message of 4 MB does not write as much into the log', async () => {
  const { gateway } = await governed()
  const kind = 'm'.repeat(2_000_000)
  const id = 'i'.repeat(1_900_000)
  await gateway.post(`{"jsonrpc":"2.0","id":"${id}","method":"${kind}"}`)
  await logged(gateway, 'outcome')
  expect(JSON.stringify(await gateway.decisions()).length).toBeLessThan(10_000)
})

describe('where the policy should come from', () => {
  const path = '/secret-place/bundle.tar.gz'

  test.each(['http', 'jsonrpc', 'tool-error'])(
    'is for operators, not for callers (%s)',
    async (style) => {
      const { gateway, upstream } = await governed({
        POLICY_BUNDLE_PATH: path,
        POLICY_DENY_STYLE: style,
      })
      const told = await (await gateway.post(call('{}'))).text()
      expect(told).toContain('"reason":"no policy is in force"')
      expect(told).not.toContain('secret-place')
      const listening = await fetch(gateway.mcpUrl, { headers: { accept: 'text/event-stream' } })
      expect(await listening.text()).not.toContain('secret-place')
      expect(upstream.received).toEqual([])
      expect((await logged(gateway, 'decision'))[0]).toMatchObject({
        code: 'policy_unavailable',
        reason: 'no policy is in force',
      })
      expect(await (await fetch(`${gateway.opsUrl}/readyz`)).text()).toContain(path)
    },
  )
})
