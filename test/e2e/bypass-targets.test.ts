import { describe, expect, test } from 'vitest'
import { toolCall } from '../support/gateway.js'
import { logged, script, sentTo, startGoverned, type Governed } from '../support/governed.js'
import { closedAfterEach } from '../support/opened.js'
import { echo, json, type Answerer } from '../support/upstream.js'

const keep = closedAfterEach()

/** A gateway that forbids `/etc`, the prompt `secret` and the tool `rm`, before a server that keeps what it is sent. */
async function guarded(
  env: Record<string, string> = {},
  answer: Answerer = echo,
  policy = 'guarded',
): Promise<Governed> {
  return keep(await startGoverned(answer, env, policy))
}

function asking(method: string, params: unknown): string {
  return JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
}

const reading = (uri: string, method = 'resources/read'): string => asking(method, { uri })

const completing = (ref: unknown, more = {}): string =>
  asking('completion/complete', { ref, argument: { name: 'a', value: 'b' }, ...more })

const roundabout = [
  'file:///srv/../etc/passwd',
  'file:///srv/%2e%2e/etc/passwd',
  'file:///srv/..%2f..%2Fetc/passwd',
  'file:///srv/%252e%252e/etc/passwd',
  'file:///%65tc/passwd',
  'file:////etc//passwd',
  'file:///srv\\..\\etc\\passwd',
  'FILE:///etc/passwd',
  'file:/etc/passwd',
  'file:etc/passwd',
  'file://localhost/etc/passwd',
  'file://elsewhere/etc/passwd',
  'https://INTERN.example:443/a',
  'https://public.example@intern.example/a',
]

describe('a forbidden resource', () => {
  test.each([...roundabout, 'file:///etc/passwd'])('is not reached as %s', async (uri) => {
    const { gateway, upstream } = await guarded()
    const ways = [
      reading(uri),
      reading(uri, 'resources/subscribe'),
      completing({ type: 'ref/resource', uri }),
    ]
    for (const way of ways) {
      const reply = await gateway.post(way)
      expect([reply.status, await reply.json()]).toMatchObject([
        403,
        { error: { message: 'policy_deny', data: { reason: 'forbidden_file', forwarded: false } } },
      ])
    }
    expect(upstream.received).toEqual([])
  })

  test('leaves one line in the log, under the method and the URI that were asked for', async () => {
    const { gateway } = await guarded()
    await gateway.post(reading('file:///srv/../etc/passwd'))
    await logged(gateway, 'outcome')
    const lines = (await gateway.decisions()).filter(({ type }) => type === 'decision')
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatchObject({
      kind: 'resources/read',
      target: { type: 'resource', name: 'file:///srv/../etc/passwd' },
      effect: 'deny',
      enforced: true,
      warnings: ['judged as resources/read of file:///etc/passwd'],
    })
  })

  test('is reached in audit-only mode, and that is on record as would_deny', async () => {
    const { gateway, upstream } = await guarded({ POLICY_MODE: 'audit-only' })
    const bodies = [
      reading('file:///srv/../etc/passwd'),
      completing({ type: 'ref/resource', uri: 'file:///etc/{name}' }),
    ]
    for (const body of bodies) expect((await gateway.post(body)).status).toBe(200)
    expect(sentTo(upstream)).toEqual(bodies)
    const lines = await logged(gateway, 'decision', 2)
    for (const line of lines) expect(line).toMatchObject({ effect: 'deny', would_deny: true })
  })

  test('leaves the others alone, byte for byte as they are asked for', async () => {
    const { gateway, upstream } = await guarded()
    const uris = [
      'file:///srv/%61/../b%20c',
      'FILE:///srv//a',
      'note://Notes/\u00e9?',
      'urn:isbn:1',
    ]
    const bodies = uris.map((uri) => reading(uri))
    for (const body of bodies) expect((await gateway.post(body)).status).toBe(200)
    expect(sentTo(upstream)).toEqual(bodies)
  })

  test('may not hide behind a URI that is too long to be judged in every form', async () => {
    const { gateway, upstream } = await guarded()
    const reply = await gateway.post(reading(`file:///srv/${'a'.repeat(20_000)}`))
    expect(await reply.json()).toMatchObject({ error: { code: 403, message: 'policy_error' } })
    expect(upstream.received).toEqual([])
  })
})

describe('completion is no oracle for what cannot be had', () => {
  test.each([
    ['a prompt', { type: 'ref/prompt', name: 'secret' }, 'forbidden_prompt'],
    [
      'a prompt that is called a resource',
      { type: 'ref/resource', name: 'secret' },
      'forbidden_prompt',
    ],
    ['a template', { type: 'ref/resource', uri: 'file:///etc/{name}' }, 'forbidden_file'],
    [
      'a template that is called a prompt',
      { type: 'ref/prompt', uri: 'file:///etc/{name}' },
      'forbidden_file',
    ],
    ['a template without a type', { uri: 'file:///srv/..%2f{+name}/../etc/x' }, 'forbidden_file'],
    [
      'a template beside a prompt',
      { type: 'ref/prompt', name: 'greet', uri: 'file:///etc/a' },
      'forbidden_file',
    ],
  ])('of %s', async (_what, ref, reason) => {
    const { gateway, upstream } = await guarded()
    const reply = await gateway.post(completing(ref))
    expect([reply.status, await reply.json()]).toMatchObject([403, { error: { data: { reason } } }])
    expect(upstream.received).toEqual([])
    expect((await logged(gateway, 'decision'))[0]).toMatchObject({
      kind: 'completion/complete',
      effect: 'deny',
      reason,
    })
  })

  test('the arguments that were chosen before count as those of the prompt', async () => {
    const { gateway, upstream } = await guarded()
    const ref = { type: 'ref/prompt', name: 'greet' }
    const chosen = (who: unknown) => completing(ref, { context: { arguments: { who } } })
    const reply = await gateway.post(chosen('root'))
    expect(await reply.json()).toMatchObject({
      error: { data: { reason: 'forbidden_prompt_argument' } },
    })
    expect((await gateway.post(chosen('eve'))).status).toBe(200)
    expect(sentTo(upstream)).toEqual([chosen('eve')])
  })

  test.each([
    ['a ref that is a text', completing('ref/prompt')],
    ['a ref that is null', completing(null)],
    ['a ref that is an array', completing([{ type: 'ref/prompt', name: 'secret' }])],
    ['a name that is no text', completing({ type: 'ref/prompt', name: ['secret'] })],
    ['a uri that is no text', completing({ type: 'ref/resource', uri: { a: 'file:///etc/a' } })],
    ['a context that is a text', completing({ type: 'ref/prompt', name: 'a' }, { context: 'a' })],
  ])('%s is a policy error', async (_what, body) => {
    const { gateway, upstream } = await guarded()
    const reply = await gateway.post(body)
    expect(await reply.json()).toMatchObject({ error: { code: 403, message: 'policy_error' } })
    expect(upstream.received).toEqual([])
  })

  test('what may be had is completed, and a ref that is missing is for the server to refuse', async () => {
    const { gateway, upstream } = await guarded()
    const bodies = [
      completing({ type: 'ref/prompt', name: 'greet', title: 'Greet' }),
      completing({ type: 'ref/resource', uri: 'file:///srv/{name}' }),
      asking('completion/complete', {}),
    ]
    for (const body of bodies) expect((await gateway.post(body)).status).toBe(200)
    expect(sentTo(upstream)).toEqual(bodies)
  })

  test('a ref that policy patches is judged as it will be sent', async () => {
    const { gateway, upstream } = await guarded({}, echo, 'scripted')
    const patch = [{ op: 'add', path: '/params/ref/name', value: 'secret' }]
    const reply = await gateway.post(
      completing({ type: 'ref/prompt' }),
      script({
        pre: {
          'completion/complete': { allow: true, patch },
          'prompts/get': { allow: false, reason: 'no_prompts' },
        },
      }),
    )
    expect(await reply.json()).toMatchObject({ error: { data: { reason: 'no_prompts' } } })
    expect(upstream.received).toEqual([])
  })

  test.each([
    [
      { effect: 'ask', reason: 'sure' },
      { effect: 'ask', code: 'approval_required' },
    ],
    [
      { effect: 'dry_run', reason: 'rehearse' },
      { effect: 'dry_run', reason: 'rehearse' },
    ],
    ['nonsense', { effect: 'deny', code: 'policy_error' }],
  ])('the stricter effect of both holds: %o', async (decision, line) => {
    const { gateway, upstream } = await guarded({}, echo, 'scripted')
    const body = completing({ type: 'ref/prompt', name: 'greet' })
    await gateway.post(body, script({ pre: { 'prompts/get': decision } }))
    expect(upstream.received).toEqual([])
    expect((await logged(gateway, 'decision'))[0]).toMatchObject({
      kind: 'completion/complete',
      ...line,
    })
  })
})

describe('what a list hides', () => {
  const tools = '{"name":"echo","inputSchema":{}},{"name":"rm","inputSchema":{}}'
  const list = json(`{"jsonrpc":"2.0","id":1,"result":{"tools":[${tools}]}}`)

  test('cannot be called by whoever knows its name', async () => {
    const { gateway, upstream } = await guarded({}, list)
    const listed = (await (await gateway.post(asking('tools/list', {}))).json()) as {
      result: { tools: { name: string }[] }
    }
    expect(listed.result.tools.map(({ name }) => name)).toEqual(['echo'])
    expect((await gateway.post(toolCall('rm', {}))).status).toBe(403)
    expect(sentTo(upstream)).toHaveLength(1)
  })
})
