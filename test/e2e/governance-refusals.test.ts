import { afterEach, describe, expect, test } from 'vitest'
import { startTestGateway, toolCall } from '../support/gateway.js'
import { logged, script, sentTo, startGoverned, type Governed } from '../support/governed.js'
import { echo } from '../support/upstream.js'

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const part of open.splice(0).reverse()) await part.close()
})

async function governed(env: Record<string, string> = {}, policy?: string): Promise<Governed> {
  const started = await startGoverned(echo, env, policy)
  open.push(started)
  return started
}

const deciding = (decision: unknown, kind = 'tools/call'): Record<string, string> =>
  script({ pre: { [kind]: decision } })

const call = toolCall('transfer', { amount: 5 })
const discover = '{"jsonrpc":"2.0","id":"d","method":"server/discover","params":{}}'

describe('what a refused caller gets', () => {
  test.each([
    ['a denial', { allow: false, reason: 'r' }, 403, 'policy_deny'],
    ['false', false, 403, 'policy_deny'],
    ['reasons', ['b', 'a'], 403, 'policy_deny'],
    ['bad arguments', { effect: 'deny', code: 'validation_failed' }, 422, 'validation_failed'],
    ['over a limit', { allow: false, code: 'rate_limited' }, 429, 'rate_limited'],
    ['an approval that is missing', { effect: 'ask', reason: 'r' }, 403, 'approval_required'],
    ['no decision', 'maybe', 403, 'policy_error'],
    ['both allow and effect', { allow: true, effect: 'allow' }, 403, 'policy_error'],
    ['an unknown effect', { effect: 'perhaps' }, 403, 'policy_error'],
    ['an unknown member', { allow: true, patches: {} }, 403, 'policy_error'],
    ['allow of another type', { allow: 'true' }, 403, 'policy_error'],
    [
      'a pattern that is none',
      { allow: true, replace: [{ path: 'a', pattern: '(', with: '' }] },
      403,
      'policy_error',
    ],
  ])('%s', async (_what, decision, status, code) => {
    const { gateway, upstream } = await governed()
    const reply = await gateway.post(call, deciding(decision))
    expect(reply.status).toBe(status)
    expect(reply.headers.get('content-type')).toBe('application/json')
    const body = (await reply.json()) as { error: { data: Record<string, unknown> } }
    expect(body).toMatchObject({
      jsonrpc: '2.0',
      id: 1,
      error: { code: status, message: code, data: { forwarded: false, revision: 'scripted-1' } },
    })
    expect(upstream.received).toEqual([])
    const [line] = await logged(gateway, 'decision')
    expect(line).toMatchObject({
      decision_id: body.error.data['decision_id'],
      code,
      enforced: true,
      would_deny: false,
    })
    const [outcome] = await logged(gateway, 'outcome')
    expect(outcome).toMatchObject({
      call_id: line['call_id'],
      decision_id: line['decision_id'],
      result: { status, end: 'refused' },
    })
  })

  test.each([
    [{ allow: false, code: 'rate_limited', retry_after: 7 }, '7'],
    [{ allow: false, code: 'rate_limited', retry_after: 0.2 }, '1'],
    [{ allow: false, code: 'rate_limited' }, '1'],
    [{ allow: false, code: 'validation_failed', retry_after: 7 }, null],
  ])('%o says when to come again: %s', async (decision, seconds) => {
    const { gateway } = await governed()
    const reply = await gateway.post(call, deciding(decision))
    expect(reply.headers.get('retry-after')).toBe(seconds)
  })

  test.each([
    ['undefined', 'undefined', toolCall('any')],
    ['a conflict of rules', 'conflict', toolCall('any', { fault: 'rule' })],
    ['a conflict of members', 'conflict', toolCall('any', { fault: 'member', names: ['a', 'a'] })],
    ['a result that is no decision', 'echo', toolCall('any', { result: 7 })],
    ['a computation without end', 'runaway', toolCall('any', { fault: 'time' })],
    ['memory without end', 'runaway', toolCall('any', { fault: 'memory' })],
  ])('%s is a policy error, on record', async (_what, policy, body) => {
    const { gateway, upstream } = await governed({}, policy)
    const reply = await gateway.post(body)
    expect(reply.status).toBe(403)
    expect(await reply.json()).toMatchObject({ error: { code: 403, message: 'policy_error' } })
    expect(upstream.received).toEqual([])
    expect((await logged(gateway, 'decision'))[0]).toMatchObject({
      effect: 'deny',
      code: 'policy_error',
      reason: expect.stringContaining('policy_error'),
    })
  })
})

describe('POLICY_DENY_STYLE', () => {
  const denial = { allow: false, reason: 'role_mismatch', remedy: 'Ask Eve' }

  test.each([
    ['jsonrpc', { allow: false, code: 'rate_limited', retry_after: 7 }, 429],
    ['jsonrpc', denial, 403],
    ['jsonrpc', { effect: 'ask' }, 403],
  ])('%s tells %o in-band', async (style, decision, code) => {
    const { gateway } = await governed({ POLICY_DENY_STYLE: style })
    const reply = await gateway.post(call, deciding(decision))
    expect([reply.status, await reply.json()]).toMatchObject([200, { id: 1, error: { code } }])
    expect(reply.headers.get('retry-after')).toBeNull()
  })

  test('tool-error tells the model of a refused tools/call', async () => {
    const { gateway } = await governed({ POLICY_DENY_STYLE: 'tool-error' })
    const reply = await gateway.post(call, deciding(denial))
    const text = expect.stringMatching(/policy_deny.*role_mismatch.*Ask Eve/) as string
    expect([reply.status, await reply.json()]).toMatchObject([
      200,
      { id: 1, result: { isError: true, content: [{ type: 'text', text }] } },
    ])
  })

  test('tool-error has errors for every other method', async () => {
    const { gateway } = await governed({ POLICY_DENY_STYLE: 'tool-error' })
    const list = '{"jsonrpc":"2.0","id":"a","method":"tools/list"}'
    const reply = await gateway.post(list, deciding(denial, 'tools/list'))
    expect(await reply.json()).toMatchObject({ id: 'a', error: { code: 403 } })
  })

  test.each(['http', 'jsonrpc', 'tool-error'])(
    'a fault of the protocol keeps its status under %s',
    async (style) => {
      const { gateway } = await governed({ POLICY_DENY_STYLE: style })
      expect((await gateway.post(`[${call}]`)).status).toBe(400)
    },
  )
})

describe('POLICY_DENY_DETAIL', () => {
  const decision = deciding({ allow: false, reason: 'why', rule: 'r-1', remedy: 'how' })
  const id = expect.any(String) as string
  test.each([
    [
      'full',
      {
        reason: 'why',
        rule: 'r-1',
        remedy: 'how',
        decision_id: id,
        revision: 'scripted-1',
        forwarded: false,
      },
    ],
    ['reason', { reason: 'why' }],
    ['none', { decision_id: id }],
  ])('%s', async (detail, data) => {
    const { gateway } = await governed({ POLICY_DENY_DETAIL: detail })
    const { error } = (await (await gateway.post(call, decision)).json()) as {
      error: { data: unknown }
    }
    expect(error.data).toEqual(data)
  })

  test.each(['reason', 'none'])('%s holds for the text of tool errors, too', async (detail) => {
    const { gateway } = await governed({
      POLICY_DENY_DETAIL: detail,
      POLICY_DENY_STYLE: 'tool-error',
    })
    const text = await (await gateway.post(call, decision)).text()
    expect(text).not.toContain('how')
    expect(text.includes('why')).toBe(detail === 'reason')
  })
})

test('a refused notification is accepted and dropped', async () => {
  const { gateway, upstream } = await governed()
  const progress =
    '{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1,"progress":1}}'
  const denying = deciding({ allow: false, reason: 'quiet' }, 'notifications/progress')
  const reply = await gateway.post(progress, denying)
  expect([reply.status, await reply.text()]).toEqual([202, ''])
  expect(upstream.received).toEqual([])
  expect((await logged(gateway, 'decision'))[0]).toMatchObject({ effect: 'deny', reason: 'quiet' })
})

describe('a dry run', () => {
  test('is answered with what would have been sent, and nothing is forwarded', async () => {
    const { gateway, upstream } = await governed()
    const reply = await gateway.post(
      '{"jsonrpc":"2.0","id":9007199254740993,"method":"tools/call","params":{"name":"pay","arguments":{"n":9007199254740993,"to":"eve"}}}',
      deciding({ effect: 'dry_run', reason: 'rehearsal', mask_fields: ['to'] }),
    )
    expect(reply.status).toBe(200)
    const text = await reply.text()
    expect(text).toContain('"id":9007199254740993')
    expect(text).toContain('"args":{"n":9007199254740993,"to":"****"}')
    const { decision_id: id } = (await logged(gateway, 'decision'))[0]
    expect(JSON.parse(text)).toMatchObject({
      result: {
        content: [{ type: 'text', text: expect.stringContaining('pay was not called') }],
        _meta: {
          'portcullis/dry_run': { decision_id: id, reason: 'rehearsal', kind: 'tools/call' },
        },
      },
    })
    expect(upstream.received).toEqual([])
  })

  test('of a notification is silent', async () => {
    const { gateway, upstream } = await governed()
    const kind = 'notifications/roots/list_changed'
    const reply = await gateway.post(
      `{"jsonrpc":"2.0","method":"${kind}"}`,
      deciding({ effect: 'dry_run' }, kind),
    )
    expect([reply.status, await reply.text()]).toEqual([202, ''])
    expect(upstream.received).toEqual([])
  })

  test('of another method shows its params', async () => {
    const { gateway } = await governed()
    const reply = await gateway.post(
      '{"jsonrpc":"2.0","id":1,"method":"logging/setLevel","params":{"level":"debug"}}',
      deciding({ effect: 'dry_run' }, 'logging/setLevel'),
    )
    expect(await reply.json()).toMatchObject({
      result: { _meta: { 'portcullis/dry_run': { args: { level: 'debug' } } } },
    })
  })
})

describe('server/discover never answers with a status that makes a client fall back', () => {
  test.each([
    ['policy_deny', {}, 403, 403],
    ['validation_failed', {}, 403, 422],
    ['rate_limited', { retry_after: 3 }, 503, 429],
  ])('%s', async (code, more, status, rpc) => {
    const { gateway } = await governed()
    const decision = { allow: false, code, ...more }
    const reply = await gateway.post(discover, deciding(decision, 'server/discover'))
    expect(reply.status).toBe(status)
    expect(reply.headers.get('retry-after')).toBe(status === 503 ? '3' : null)
    expect(await reply.json()).toMatchObject({ id: 'd', error: { code: rpc, message: code } })
  })

  test('nor when the upstream cannot be reached', async () => {
    const gateway = await startTestGateway({ UPSTREAM_URL: 'http://127.0.0.1:9/mcp' })
    open.push(gateway)
    expect((await gateway.post(discover)).status).toBe(502)
  })
})

test('what policy allows goes on as it came, and the next call after a refusal works', async () => {
  const { gateway, upstream } = await governed()
  expect((await gateway.post(call, deciding(false))).status).toBe(403)
  expect((await gateway.post(call)).status).toBe(200)
  expect(sentTo(upstream)).toEqual([call])
})
