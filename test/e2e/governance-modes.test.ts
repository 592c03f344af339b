import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, test } from 'vitest'
import { startTestGateway, toolCall, type TestGateway } from '../support/gateway.js'
import { logged, script, sentTo, startGoverned, type Governed } from '../support/governed.js'
import { json, startRawUpstream, type Answerer, type RawUpstream } from '../support/upstream.js'

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const part of open.splice(0).reverse()) await part.close()
})

async function governed(
  answer: Answerer,
  env: Record<string, string>,
  policy?: string,
): Promise<Governed> {
  const started = await startGoverned(answer, env, policy)
  open.push(started)
  return started
}

/** A gateway to which the environment names no mode and no bundle. */
async function ungoverned(
  env: Record<string, string>,
): Promise<{ upstream: RawUpstream; gateway: TestGateway }> {
  const upstream = await startRawUpstream(json(result))
  open.push(upstream)
  const gateway = await startTestGateway({ UPSTREAM_URL: upstream.url, ...env })
  open.push(gateway)
  return { upstream, gateway }
}

const missing = { POLICY_BUNDLE_PATH: '/nowhere/bundle.tar.gz' }
const call = ` ${toolCall('pay', { amount: 1 })}\n`
const result =
  '{"id":1,"result":{"n":9007199254740993, "secret":1.0,"content":[{"type":"text","text":"\\u001b[1m"}]},"more":[1E2],"jsonrpc":"2.0"} '

const hooks = { pre: { 'tools/call': false }, post: { 'tools/call': false } }
const changing = {
  allow: true,
  patch: [{ op: 'remove', path: '/args/amount' }],
}
const broken = { allow: true, patch: { other: 1 } }

describe('audit-only changes no byte and blocks nothing', () => {
  test.each<[string, Parameters<typeof script>[0]]>([
    ['a denial', hooks],
    ['an approval that is missing', { pre: { 'tools/call': { effect: 'ask' } } }],
    ['a dry run', { pre: { 'tools/call': { effect: 'dry_run' } } }],
    ['a patch', { pre: { 'tools/call': changing } }],
    [
      'filters and masks',
      { post: { 'tools/call': { allow: true, filter_fields: ['secret'], mask_fields: ['text'] } } },
    ],
    ['a policy error', { pre: { 'tools/call': broken }, post: { 'tools/call': 7 } }],
    [
      'a patch after which nothing could be sent',
      { pre: { 'tools/call': { allow: true, patch: { args: { poison: true } } } } },
    ],
  ])('for %s', async (_what, decisions) => {
    const { gateway, upstream } = await governed(json(result), { POLICY_MODE: 'audit-only' })
    const reply = await gateway.post(call, script(decisions))
    expect([reply.status, await reply.text()]).toEqual([200, result])
    expect(sentTo(upstream)).toEqual([call])
    for (const line of await logged(gateway, 'decision', 2)) {
      expect(line).toMatchObject({ mode: 'audit-only', enforced: false })
    }
  })

  test('a denial is on record as would_deny, an allow is not', async () => {
    const { gateway } = await governed(json(result), { POLICY_MODE: 'audit-only' })
    const denying = { allow: false, reason: 'role_mismatch' }
    await gateway.post(call, script({ pre: { 'tools/call': denying } }))
    const [pre, post] = await logged(gateway, 'decision', 2)
    expect(pre).toMatchObject({
      effect: 'deny',
      would_deny: true,
      message: 'would be blocked by rego: role_mismatch',
    })
    expect(post).toMatchObject({ effect: 'allow', would_deny: false })
  })

  test.each<[string, string, string | Buffer, Record<string, string>]>([
    ['duplicate keys', 'application/json', '{"jsonrpc":"2.0","id":1,"result":{"a":1,"a":2}}', {}],
    ['HTML', 'text/html', '<p>hello</p>', {}],
    ['what is too large', 'application/json', `{"x":"${'x'.repeat(9000)}"}`, {}],
    ['an event that is too large', 'text/event-stream', `data: "${'x'.repeat(9000)}"\n\n`, {}],
    ['an event that is no message', 'text/event-stream', 'data: hello\n\ndata: {}\n\n', {}],
    [
      'a server request that nobody understands',
      'text/event-stream',
      'data: {"jsonrpc":"2.0","id":4,"method":"tools/call","params":{}}\n\n',
      {},
    ],
    [
      'compressed events',
      'text/event-stream',
      gzipSync('data: {}\n\n'),
      { 'content-encoding': 'gzip' },
    ],
  ])('a reply with %s passes', async (_what, type, body, headers) => {
    const { gateway } = await governed(
      (_received, response) =>
        void response.writeHead(200, { 'content-type': type, ...headers }).end(body),
      { POLICY_MODE: 'audit-only', MAX_MESSAGE_BYTES: '4096' },
    )
    const reply = await gateway.post(call)
    const plain = typeof body === 'string' ? body : 'data: {}\n\n'
    expect([reply.status, await reply.text()]).toEqual([200, plain])
    const [, post] = await logged(gateway, 'decision', 2)
    expect(post).toMatchObject({ effect: 'deny', code: 'policy_error', would_deny: true })
  })
})

describe('warn tells the caller, and changes nothing else', () => {
  const warning = '"_meta":{"portcullis/warnings":["would_deny: role_mismatch","old client"]}'
  const denying = { allow: false, reason: 'role_mismatch', warnings: ['old client'] }

  test('at the end of the result', async () => {
    const { gateway, upstream } = await governed(json(result), { POLICY_MODE: 'warn' })
    const reply = await gateway.post(call, script({ pre: { 'tools/call': denying } }))
    const text = await reply.text()
    expect([reply.status, text.replace(`,${warning}`, '')]).toEqual([200, result])
    expect(text).toContain(`"text":"\\u001b[1m"}],${warning}}`)
    expect(sentTo(upstream)).toEqual([call])
  })

  test('beside what the result says in _meta already', async () => {
    const told = '{"jsonrpc":"2.0","id":1,"result":{"_meta":{"n":1.0},"content":[]}}'
    const { gateway } = await governed(json(told), { POLICY_MODE: 'warn' })
    const reply = await gateway.post(call, script({ post: { 'tools/call': denying } }))
    expect(await reply.text()).toBe(
      told.replace('{"n":1.0}', `{"n":1.0,${warning.slice('"_meta":{'.length)}`),
    )
  })

  test('in a streamed result, and in a policy without mcp/post', async () => {
    const event = 'id: 1\ndata: {"jsonrpc":"2.0","id":1,"result":{"content":[]}}\n\n'
    const { gateway } = await governed(
      (_received, response) =>
        void response.writeHead(200, { 'content-type': 'text/event-stream' }).end(event),
      { POLICY_MODE: 'warn' },
      'default-allow',
    )
    const reply = await gateway.post(toolCall('forbidden'))
    expect(await reply.text()).toBe(
      event.replace('[]}', '[],"_meta":{"portcullis/warnings":["would_deny: "]}}'),
    )
  })

  test.each([
    ['a result without warnings', result, {}],
    ['an error', '{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"m"}}', hooks],
    ['a reply that nobody can read', '{"id":1,"id":1}', hooks],
  ])('but not in %s', async (_what, body, decisions) => {
    const { gateway } = await governed(json(body), { POLICY_MODE: 'warn' })
    expect(await (await gateway.post(call, script(decisions))).text()).toBe(body)
  })
})

describe('off is a relay', () => {
  test.each<[string, Record<string, string>]>([
    ['POLICY_MODE=off', { POLICY_MODE: 'off' }],
    ['POLICY_ENABLED=false, whatever else is set', { POLICY_ENABLED: 'false' }],
  ])('%s: nothing is evaluated, changed or recorded', async (_how, env) => {
    const { gateway, upstream } = await governed(json(result), env)
    const reply = await gateway.post(call, script(hooks))
    expect([reply.status, await reply.text()]).toEqual([200, result])
    expect(sentTo(upstream)).toEqual([call])
    expect(await gateway.decisions()).toEqual([])
  })
})

describe('while no policy is there', () => {
  test.each<[string, Record<string, string>, boolean]>([
    ['nothing set', {}, false],
    ['POLICY_ENABLED, which fails open', { POLICY_ENABLED: 'true' }, true],
    ['POLICY_ENABLED with a bundle that is missing', { POLICY_ENABLED: 'true', ...missing }, true],
    [
      'POLICY_MODE=enforce that may fail open',
      { POLICY_MODE: 'enforce', POLICY_FAIL_MODE: 'open', ...missing },
      true,
    ],
  ])('calls pass under %s', async (_how, env, failOpen) => {
    const { gateway, upstream } = await ungoverned(env)
    const reply = await gateway.post(call)
    expect([reply.status, await reply.text()]).toEqual([200, result])
    expect(sentTo(upstream)).toEqual([call])
    expect((await logged(gateway, 'decision'))[0]).toMatchObject({
      effect: 'allow',
      enforced: false,
      fail_open: failOpen,
      engine: 'none',
    })
    expect((await fetch(`${gateway.opsUrl}/readyz`)).status).toBe(200)
  })

  test.each<[string, Record<string, string>]>([
    ['POLICY_MODE=enforce', { POLICY_MODE: 'enforce' }],
    [
      'POLICY_ENABLED that must fail closed',
      { POLICY_ENABLED: 'true', POLICY_FAIL_MODE: 'closed' },
    ],
  ])('nothing passes under %s', async (_how, env) => {
    const { gateway, upstream } = await ungoverned({ ...missing, ...env })
    const reply = await gateway.post(call)
    expect([reply.status, await reply.json()]).toMatchObject([
      503,
      { id: 1, error: { code: 503, message: 'policy_unavailable', data: { forwarded: false } } },
    ])
    const stream = await fetch(gateway.mcpUrl, { headers: { accept: 'text/event-stream' } })
    expect(stream.status).toBe(503)
    const answer = await gateway.post('{"jsonrpc":"2.0","id":1,"result":{}}')
    expect(answer.status).toBe(503)
    expect(upstream.received).toEqual([])
    expect((await fetch(`${gateway.opsUrl}/readyz`)).status).toBe(503)
    expect((await logged(gateway, 'decision'))[0]).toMatchObject({ code: 'policy_unavailable' })
  })
})

test('rules on trial leave marks and nothing else', async () => {
  const trial = [{ rule: 'new-rule', effect: 'deny', reason: 'soon' }]
  const { gateway, upstream } = await governed(json(result), {})
  const reply = await gateway.post(call, script({ pre: { 'tools/call': { allow: true, trial } } }))
  expect([reply.status, await reply.text()]).toEqual([200, result])
  expect(sentTo(upstream)).toEqual([call])
  expect((await logged(gateway, 'decision'))[0]).toMatchObject({
    effect: 'allow',
    would_deny: true,
    trial,
    message: 'would be blocked by rego: soon (on trial)',
  })
})
