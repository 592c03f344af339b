import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { event } from '../support/event-server.js'
import { toolCall } from '../support/gateway.js'
import { logged, script, startGoverned, type Governed } from '../support/governed.js'
import { mirrored, modern } from '../support/modern.js'
import { closedAfterEach } from '../support/opened.js'
import { json, type Answerer } from '../support/upstream.js'

const keep = closedAfterEach()
const governed = async (...args: Parameters<typeof startGoverned>): Promise<Governed> =>
  keep(await startGoverned(...args))

const call = modern('tools/call', { name: 'sign-up' })
const post = ({ gateway }: Governed, headers = {}, body = call): Promise<Response> =>
  gateway.post(body, { ...mirrored('tools/call', 'sign-up'), ...headers })

const form = '{"mode":"form","message":"Name?","requestedSchema":{"n":9007199254740993}}'
const entry = (method: string, params: string): string =>
  `{ "method":"${method}", "params":${params}}`
const requests = `{"who":${entry('elicitation/create', form)},"say":${entry('sampling/createMessage', '{"messages":[],"maxTokens":1e2}')}, "r":{"method":"roots/list"}}`
const inputRequired = (given: string, key = 'inputRequests'): string =>
  `{"jsonrpc":"2.0","id":1,"result":{"resultType":"input_required","${key}":${given},"requestState":"s"}}`
const asking = inputRequired(requests)

const required = (data: string, code = '-32042'): string =>
  `{"jsonrpc":"2.0","id":1,"error":{"code":${code},"message":"Sign in","data":${data}}}`
const page = '{"mode":"url","url":"https://sign-in.example/","message":"Sign in","n":1.0}'
const signIn = required(`{"elicitations":[ ${page} , ${page}]}`)

const denial = { allow: false, reason: 'not_now' }
const refused = { error: { message: 'policy_deny', data: { reason: 'not_now', forwarded: true } } }
const invalid = { error: { message: 'upstream_invalid', data: { forwarded: true } } }

/** With a post-hook replies are read anyway; without one they are only searched. */
describe.each(['scripted', 'scripted-pre'])('under the policy %s', (policy) => {
  const posts = policy === 'scripted' ? ['tools/call'] : []
  const judged = async ({ gateway }: Governed, count: number) =>
    (await logged(gateway, 'decision', count + 1 + posts.length)).slice(-count)

  test('what policy allows passes byte for byte, each with a record of its own', async () => {
    const parts = await governed(json(asking), {}, policy)
    expect(await (await post(parts)).text()).toBe(asking)
    const lines = await judged(parts, 3)
    const ids = new Set((await logged(parts.gateway, 'decision')).map(({ call_id }) => call_id))
    expect(ids.size).toBe(1)
    expect(lines.map(({ kind, hook, direction }) => [kind, hook, direction])).toEqual([
      ['elicitation/create', 'pre', 'to_client'],
      ['sampling/createMessage', 'pre', 'to_client'],
      ['roots/list', 'pre', 'to_client'],
    ])
  })

  test('one that is refused takes the result with it, and the others are judged nevertheless', async () => {
    const parts = await governed(json(asking), {}, policy)
    const told = await post(parts, script({ pre: { 'sampling/createMessage': denial } }))
    expect(told.status).toBe(403)
    expect(await told.json()).toMatchObject({ id: 1, ...refused })
    const lines = await judged(parts, 3)
    expect(lines.map(({ effect }) => effect)).toEqual(['allow', 'deny', 'allow'])
  })

  test.each([
    ['an approval', { effect: 'ask', reason: 'not_now' }, 'approval_required'],
    ['a rehearsal', { effect: 'dry_run', reason: 'not_now' }, 'policy_deny'],
  ])('nobody can be asked for %s, so the request is refused', async (_what, decision, message) => {
    const parts = await governed(json(asking), {}, policy)
    const told = await post(parts, script({ pre: { 'roots/list': decision } }))
    expect(await told.json()).toMatchObject({ error: { message, data: { forwarded: true } } })
  })

  test('params are changed where they stand, and nothing else is', async () => {
    const parts = await governed(json(asking), {}, policy)
    const told = await post(
      parts,
      script({
        pre: {
          'elicitation/create': { allow: true, mask_fields: ['message'], mask: 'hidden' },
          'sampling/createMessage': {
            allow: true,
            patch: [{ op: 'add', path: '/params/systemPrompt', value: 'Be brief' }],
          },
          'roots/list': {
            allow: true,
            patch: [{ op: 'add', path: '/params', value: { limit: 1 } }],
          },
        },
      }),
    )
    expect(await told.text()).toBe(
      asking
        .replace('"Name?"', '"hidden"')
        .replace('"maxTokens":1e2', '"maxTokens":1e2,"systemPrompt":"Be brief"')
        .replace('"roots/list"', '"roots/list","params":{"limit":1}'),
    )
  })

  test.each<[string, string]>([
    ['with escapes', inputRequired(requests, '\\u0069nput\\u0052equests')],
    ['in a result that calls itself complete', asking.replace('input_required', 'complete')],
    ['in a result that names no type', asking.replace('"resultType":"input_required",', '')],
    [
      'whose method is spelled with escapes',
      inputRequired('{"a":{"m\\u0065thod":"\\u0065licitation/create","params":{}}}'),
    ],
  ])('a request is found %s', async (_how, text) => {
    const parts = await governed(json(text), {}, policy)
    const told = await post(parts, script({ pre: { 'elicitation/create': denial } }))
    expect(await told.json()).toMatchObject(refused)
  })

  test.each<[string, string]>([
    ['a list of requests', inputRequired('[[{"method":"elicitation/create"}]]')],
    ['a text', inputRequired('"elicitation/create"')],
    ['a key in another case', inputRequired(requests, 'InputRequests')],
    ['a key with a letter that folds', inputRequired(requests, 'inputReque\u017fts')],
    ['two keys for one thing', inputRequired(`{},"inputRequests":${requests}`)],
    ['two keys for one request', inputRequired('{"a":{"method":"x"},"a":{"method":"y"}}')],
    ['more than anybody can answer', inputRequired(many(257))],
    ['elicitations that are no list', required(`{"elicitations":{"0":${page}}}`)],
    ['elicitations in another case', required(`{"Elicitations":[${page}]}`)],
  ])('%s is refused as ambiguous', async (_what, text) => {
    const parts = await governed(json(text), {}, policy)
    const told = await post(parts)
    expect(told.status).toBe(502)
    expect(await told.json()).toMatchObject({ id: 1, ...invalid })
    expect((await logged(parts.gateway, 'decision', 2)).at(-1)).toMatchObject({
      hook: 'post',
      effect: 'deny',
      code: 'policy_error',
    })
  })

  test.each<[string, string, string]>([
    ['that is a text', '"roots/list"', 'unreadable'],
    ['that is null', 'null', 'unreadable'],
    ['in a list', '[{"method":"roots/list"}]', 'unreadable'],
    ['without a method', '{"params":{}}', 'unreadable'],
    ['whose method is a list', '{"method":["roots/list"]}', 'unreadable'],
    ['whose method has a twin', '{"method":"roots/list","Method":"x"}', 'unreadable'],
    ['whose params are a list', '{"method":"roots/list","params":[1]}', 'roots/list'],
    [
      'whose params have a twin',
      '{"method":"roots/list","params":{"uri":1,"URI":2}}',
      'roots/list',
    ],
    ['with a lone surrogate', '{"method":"roots/list","params":{"a":"\\ud800"}}', 'roots/list'],
    ['that is a tool call without a name', '{"method":"tools/call","params":{}}', 'tools/call'],
  ])('a request %s is a policy error', async (_what, given, kind) => {
    const parts = await governed(json(inputRequired(`{"a":${given}}`)), {}, policy)
    const told = await post(parts)
    expect(await told.json()).toMatchObject({
      error: { message: 'policy_error', data: { forwarded: true } },
    })
    const [last] = (await logged(parts.gateway, 'decision', 2)).slice(-1)
    if (!given.includes('ud800')) expect(last).toMatchObject({ kind, code: 'policy_error' })
  })

  test('a method that nobody knows follows the setting', async () => {
    const text = inputRequired('{"a":{"method":"x-corp/ask","params":{}}}')
    const passing = await governed(json(text), {}, policy)
    expect(await (await post(passing)).text()).toBe(text)
    const denying = await governed(json(text), { UNKNOWN_METHODS: 'deny' }, policy)
    expect(await (await post(denying)).json()).toMatchObject({
      error: { data: { reason: 'unknown_method', forwarded: true } },
    })
  })

  test('no requests are none: null and an empty map pass', async () => {
    for (const text of [inputRequired('null'), inputRequired('{}')]) {
      const parts = await governed(json(text), {}, policy)
      expect(await (await post(parts)).text()).toBe(text)
    }
  })

  test('elicitations that are required first pass byte for byte, judged one by one', async () => {
    const parts = await governed(json(signIn), {}, policy)
    const told = await parts.gateway.post(toolCall('sign-up'))
    expect([told.status, await told.text()]).toEqual([200, signIn])
    expect(await judged(parts, 2)).toMatchObject([
      { kind: 'elicitation/create', hook: 'pre', direction: 'to_client', effect: 'allow' },
      { kind: 'elicitation/create', hook: 'pre', direction: 'to_client', effect: 'allow' },
    ])
  })

  test('and are changed where policy says so', async () => {
    const parts = await governed(json(signIn), {}, policy)
    const patch = [{ op: 'replace', path: '/params/url', value: 'https://ours.example/' }]
    const headers = script({ pre: { 'elicitation/create': { allow: true, patch } } })
    const told = await parts.gateway.post(toolCall('sign-up'), headers)
    expect(await told.text()).toBe(
      signIn.replaceAll('https://sign-in.example/', 'https://ours.example/'),
    )
  })

  test.each([
    ['as they are', signIn],
    ['under another spelling of the code', required(`{"elicitations":[${page}]}`, '-3.2042e4')],
    ['under a code that is a text', required(`{"elicitations":[${page}]}`, '"-32042"')],
    ['with escapes', required(`{"elicit\\u0061tions":[${page}]}`)],
  ])('and are refused %s', async (_how, text) => {
    const parts = await governed(json(text), {}, policy)
    const headers = script({ pre: { 'elicitation/create': denial } })
    const told = await parts.gateway.post(toolCall('sign-up'), headers)
    expect(await told.json()).toMatchObject(refused)
  })

  test('an elicitation that is no object is a policy error', async () => {
    const parts = await governed(
      json(required('{"elicitations":["https://x.example"]}')),
      {},
      policy,
    )
    const told = await parts.gateway.post(toolCall('sign-up'))
    expect(await told.json()).toMatchObject({ error: { message: 'policy_error' } })
  })

  test.each(['audit-only', 'warn'])('in mode %s they are put on record and pass', async (mode) => {
    const parts = await governed(json(asking), { POLICY_MODE: mode }, policy)
    const told = await post(parts, script({ pre: { 'elicitation/create': denial } }))
    expect(await told.text()).toBe(asking)
    expect(await judged(parts, 3)).toMatchObject([
      { kind: 'elicitation/create', would_deny: true },
      { effect: 'allow' },
      { effect: 'allow' },
    ])
  })

  test.each([['tools/list'], ['prompts/get'], ['resources/read'], ['x-corp/unheard-of']])(
    'they are found in a reply to %s',
    async (method) => {
      const params = { name: 'a', uri: 'file:///a' }
      const parts = await governed(json(asking), {}, policy)
      const headers = script({ pre: { 'elicitation/create': denial } })
      const told = await parts.gateway.post(modern(method, params), headers)
      expect(await told.json()).toMatchObject(refused)
    },
  )

  test('they are found on an event stream, and the refusal comes in-band', async () => {
    const streaming: Answerer = (_received, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).end(event(asking))
    }
    const parts = await governed(streaming, {}, policy)
    const told = await post(parts, script({ pre: { 'roots/list': denial } }))
    expect(told.status).toBe(200)
    expect(await told.text()).toContain('"reason":"not_now"')
  })

  test('a message of an event stream that holds none passes byte for byte', async () => {
    const text = event('{"jsonrpc":"2.0","id":1,"result":{"n":1.0,"text":"inputRequests"}}')
    const streaming: Answerer = (_received, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).end(text)
    }
    expect(await (await post(await governed(streaming, {}, policy))).text()).toBe(text)
  })
})

function many(count: number): string {
  const entries = Array.from({ length: count }, (_, index) => `"${index}":{"method":"roots/list"}`)
  return `{${entries.join(',')}}`
}

describe('a reply that nobody reads', () => {
  const limits = { MAX_MESSAGE_BYTES: '4096' }
  const long = (members: string): string =>
    `{"jsonrpc":"2.0","id":1,"result":{"text":"${'x'.repeat(100_000)}",${members}}}`

  test('may be of any length as long as it asks for nothing', async () => {
    const text = long('"said":"inputRequests and \\"elicitations\\" and \\u0069","n":1.0')
    const parts = await governed(json(text), limits, 'scripted-pre')
    expect(await (await post(parts)).text()).toBe(text)
  })

  test.each([
    ['plainly', long(`"inputRequests":${requests}`)],
    ['with escapes', long(`"inputRequest\\u0073":${requests}`)],
  ])('breaks off where it is too long to be judged and asks %s', async (_how, text) => {
    const parts = await governed(
      (_received, response) => {
        response.writeHead(200, { 'content-type': 'application/json' })
        response.write(text.slice(0, 100_080))
        response.end(text.slice(100_080))
      },
      limits,
      'scripted-pre',
    )
    const read = post(parts).then((told) => told.text())
    await expect(read).rejects.toThrow()
    expect((await logged(parts.gateway, 'decision', 2))[1]).toMatchObject({
      hook: 'post',
      effect: 'deny',
      code: 'policy_error',
    })
  })

  test('passes whole where the mode changes nothing', async () => {
    const text = long(`"inputRequests":${requests}`)
    const parts = await governed(
      json(text),
      { ...limits, POLICY_MODE: 'audit-only' },
      'scripted-pre',
    )
    expect(await (await post(parts)).text()).toBe(text)
  })

  test('is searched under another media type too, as clients may not look at it', async () => {
    const odd: Answerer = (_received, response) => {
      response.writeHead(200, { 'content-type': 'text/plain, application/json' }).end(asking)
    }
    const parts = await governed(odd, {}, 'scripted-pre')
    await expect(post(parts).then((told) => told.text())).rejects.toThrow()
  })

  test('is refused where it is compressed, although nobody asked', async () => {
    const packed: Answerer = (_received, response) => {
      const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' }
      response.writeHead(200, headers).end(gzipSync(asking))
    }
    const told = await post(await governed(packed, {}, 'scripted-pre'))
    expect(told.status).toBe(502)
  })
})
