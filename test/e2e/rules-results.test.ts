import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { as, toolCall } from '../support/gateway.js'
import { logged, sentTo } from '../support/governed.js'
import { closedAfterEach } from '../support/opened.js'
import { clients } from '../support/records-client.js'
import { record, startRecordsServer, type RecordsServer } from '../support/records-server.js'
import { startRuled } from '../support/ruled.js'
import { json, startRawUpstream, type Answerer } from '../support/upstream.js'

const keep = closedAfterEach()
let server: RecordsServer

beforeAll(async () => {
  server = await startRecordsServer()
})
afterAll(() => server.close())

const rules = `
rules:
  - { id: hide-ssn, match: { tool: employee }, when: "!('hr' in user.roles)", effect: mask_fields, fields: [ssn], mask: { style: partial, keep: 4 } }
  - { id: hide-salary, match: { tool: employee }, when: "!('hr' in user.roles)", effect: filter_fields, fields: [salary] }
  - { id: no-delete, match: { tool: "delete_*" }, when: "!('admin' in user.roles)", effect: deny, reason: admins_only }
  - { id: known, match: { tool: transfer }, when: "$amount > 1000", effect: deny, code: validation_failed, reason: too_much }
  - { id: slowly, match: { tool: search }, effect: deny, code: rate_limited, reason: slow_down, retry_after: 7 }
`

const masked = {
  name: 'Ada',
  ssn: '*******6789',
  manager: { name: 'Bea', ssn: '*******4321' },
}

describe.each(clients)('a client of %s', (_which, connect) => {
  test('sees of a result what rules leave, in every form of it', async () => {
    const gateway = keep(await startRuled(server.url, rules))
    const client = keep(await connect(gateway.mcpUrl, as('alice', 'dev')))
    const tools = await client.tools()
    expect(tools.get('employee')).not.toHaveProperty('outputSchema')
    expect([...tools.keys()]).toEqual(['employee'])
    const result = await client.call('employee')
    expect(result.structuredContent).toEqual(masked)
    expect(JSON.parse(result.content[0]?.text ?? '')).toEqual(masked)
    expect(client.logged).toEqual([{ reading: masked }])
    expect(JSON.stringify(result)).not.toMatch(/123-45|120000/)
  })

  test('sees all of it where the rules are not about its user', async () => {
    const gateway = keep(await startRuled(server.url, rules))
    const client = keep(await connect(gateway.mcpUrl, as('bob', 'hr', 'admin')))
    expect([...(await client.tools()).keys()]).toEqual(['employee', 'delete_record', 'delete_all'])
    const result = await client.call('employee')
    expect(result.structuredContent).toEqual(record)
    expect(client.logged).toEqual([{ reading: record }])
  })

  test('is refused what rules deny', async () => {
    const gateway = keep(await startRuled(server.url, rules, { POLICY_DENY_STYLE: 'jsonrpc' }))
    const client = keep(await connect(gateway.mcpUrl, as('alice', 'dev')))
    const before = server.deleted.length
    await expect(client.call('delete_record', { id: 'a' })).rejects.toThrow('policy_deny')
    expect(server.deleted).toHaveLength(before)
  })

  test('sees nothing that the schema of the server marks as sensitive', async () => {
    const sensitive = 'rules: [{id: s, match: {tool: employee}, effect: filter_sensitive}]'
    const gateway = keep(await startRuled(server.url, sensitive))
    const client = keep(await connect(gateway.mcpUrl, as('alice')))
    // Nobody has listed the tool yet: the gateway asks in the session of the caller.
    const result = await client.call('employee')
    expect(result.structuredContent).toEqual({ name: 'Ada', manager: { name: 'Bea' } })
    expect(JSON.parse(result.content[0]?.text ?? '')).toEqual(result.structuredContent)
  })
})

const raw = async (answer: Answerer, text = rules, env: Record<string, string> = {}) => {
  const upstream = keep(await startRawUpstream(answer))
  return { upstream, gateway: keep(await startRuled(upstream.url, text, env)) }
}

describe('a refusal by rules', () => {
  const result = json('{"jsonrpc":"2.0","id":1,"result":{}}')

  test.each<[string, string, object, number, string, string]>([
    ['policy_deny', 'delete_a', {}, 403, 'admins_only', 'no-delete'],
    ['validation_failed', 'transfer', { amount: 1001 }, 422, 'too_much', 'known'],
    ['rate_limited', 'search', {}, 429, 'slow_down', 'slowly'],
    ['policy_error', 'transfer', {}, 403, 'missing: $amount', 'known'],
  ])('%s has its status and its reason', async (message, tool, args, status, reason, rule) => {
    const { gateway, upstream } = await raw(result)
    const answer = await gateway.post(toolCall(tool, args), as('alice'))
    expect([answer.status, await answer.json()]).toMatchObject([
      status,
      { error: { code: status, message, data: { reason, rule, forwarded: false } } },
    ])
    expect(answer.headers.get('retry-after')).toBe(status === 429 ? '7' : null)
    expect(upstream.received).toHaveLength(0)
    const [line] = await logged(gateway, 'decision')
    expect(line).toMatchObject({ engine: 'rules', effect: 'deny', code: message, rules: [rule] })
  })
})

describe('what rules hide in a result', () => {
  const ssn = '123-45-6789'

  test.each([
    [
      'error data',
      `{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"m","data":{"ssn":"${ssn}"}}}`,
    ],
    ['a list', `{"jsonrpc":"2.0","id":1,"result":{"structuredContent":[[{"ssn":"${ssn}"}]]}}`],
    [
      'JSON in JSON in text',
      JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        result: {
          content: [
            { type: 'text', text: JSON.stringify({ inner: JSON.stringify({ ssn }) }) },
            {
              type: 'resource',
              resource: { uri: 'a:b', mimeType: 'application/json', text: `{"ssn":"${ssn}"}` },
            },
          ],
        },
      }),
    ],
  ])('is hidden in %s', async (_where, reply) => {
    const { gateway } = await raw(json(reply))
    const text = await (await gateway.post(toolCall('employee'), as('alice'))).text()
    expect(text).not.toContain('123-45')
    expect(text).toContain('*******6789')
  })

  test('is hidden in notifications and in the result of one stream, each byte beside it stays', async () => {
    const progress = `{"jsonrpc":"2.0", "method":"notifications/progress","params":{"progressToken":1,"progress":1E0,"message":"{\\"ssn\\":\\"${ssn}\\"}"}}`
    const reply = `{"jsonrpc":"2.0","id":1,"result":{"n":1.0 ,"ssn":"${ssn}"}}`
    const { gateway } = await raw((_received, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.end(`data: ${progress}\n\ndata: ${reply}\n\n`)
    })
    const text = await (await gateway.post(toolCall('employee'), as('alice'))).text()
    const hidden = `data: ${progress}\n\ndata: ${reply}\n\n`.replaceAll(ssn, '*******6789')
    expect(text).toBe(hidden)
    expect(await (await gateway.post(toolCall('other'), as('alice'))).text()).toContain(ssn)
  })

  test('is not handed out as the answer to a call that nobody knows', async () => {
    const stray = `{"jsonrpc":"2.0","id":"stray","result":{"ssn":"${ssn}"}}`
    const answer: Answerer = (_received, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.end(`data: ${stray}\n\ndata: {"jsonrpc":"2.0","id":1,"result":{}}\n\n`)
    }
    const { gateway } = await raw(answer)
    const text = await (await gateway.post(toolCall('other'), as('alice'))).text()
    expect(text).not.toContain(ssn)
    expect(text).toContain('The result answers no call that is known')
    const before = 'rules: [{id: a, match: {tool: x}, effect: deny}]'
    const open = await raw(answer, before)
    expect(await (await open.gateway.post(toolCall('other'), as('alice'))).text()).toContain(ssn)
  })

  test.each(['audit-only', 'warn'])(
    'is shown in mode %s, with nothing else changed',
    async (mode) => {
      const reply = `{"id":1 ,"result":{"ssn":"${ssn}","n":1E400},"jsonrpc":"2.0"}`
      const { gateway } = await raw(json(reply), rules, { POLICY_MODE: mode })
      expect(await (await gateway.post(toolCall('employee'), as('alice'))).text()).toBe(reply)
    },
  )

  test('is withheld where nobody knows what is sensitive, with what can be done about it', async () => {
    const sensitive = 'rules: [{id: s, match: {tool: employee}, effect: filter_sensitive}]'
    const { gateway, upstream } = await raw(
      json('{"jsonrpc":"2.0","id":1,"result":{"a":1}}'),
      sensitive,
    )
    const answer = await gateway.post(toolCall('employee'), as('alice'))
    expect(await answer.json()).toMatchObject({
      error: {
        message: 'policy_error',
        data: { reason: expect.stringMatching(/list the tools first/) as unknown, forwarded: true },
      },
    })
    expect(sentTo(upstream).map((body) => (JSON.parse(body) as { method: string }).method)).toEqual(
      ['tools/call', 'tools/list'],
    )
  })
})

describe('the class of a tool', () => {
  const text = `
default: allow
rules:
  - { id: no-changes, match: { tool: "*", action_class: [write, destructive] }, effect: deny, reason: read_only }
`
  const tools = 'tools: [{tool: "get_*", action_class: read}, {tool: run, action_class: execute}]'

  test('comes from configuration, and what is unknown counts as a change', async () => {
    const upstream = keep(await startRawUpstream(json('{"jsonrpc":"2.0","id":1,"result":{}}')))
    const env = { TOOLS_FILE: 'tools.yaml' }
    const gateway = keep(await startRuled(upstream.url, text, env, { 'tools.yaml': tools }))
    const statusOf = async (tool: string) => (await gateway.post(toolCall(tool))).status
    expect([await statusOf('get_a'), await statusOf('run'), await statusOf('x')]).toEqual([
      200, 200, 403,
    ])
    const lines = await logged(gateway, 'outcome', 3)
    expect(lines.map((line) => line['action_class'])).toEqual(['read', 'execute', 'unknown'])
  })

  test('comes from annotations of a trusted server, which is asked for them', async () => {
    const file = JSON.stringify({ mcpServers: { one: { url: '', trusted: true } } })
    const list = `{"tools":[{"name":"a","annotations":{"readOnlyHint":true}},{"name":"b","annotations":{"readOnlyHint":false}}]}`
    const upstream = keep(await startRawUpstream(json(`{"jsonrpc":"2.0","id":1,"result":${list}}`)))
    const gateway = keep(
      await startRuled(
        upstream.url,
        text,
        { UPSTREAMS_FILE: 'servers.json' },
        { 'servers.json': file.replace('"url":""', `"url":"${upstream.url}"`) },
      ),
    )
    await gateway.post('{"jsonrpc":"2.0","id":1,"method":"tools/list"}')
    const statusOf = async (tool: string) => (await gateway.post(toolCall(tool))).status
    expect([await statusOf('a'), await statusOf('b')]).toEqual([200, 403])
  })
})

describe('a reply to a call that no rule is about', () => {
  const hiding =
    'rules: [{ id: hide, match: { tool: employee }, effect: filter_fields, fields: [salary] }]'
  const own = '{"id":1 ,"jsonrpc":"2.0","result":{"structuredContent":{"salary":1e400}}}'
  const other = own.replace('"id":1', '"id":2')

  test.each([
    ['answers another', other],
    ['answers several', `[${own},${other}]`],
  ])('is withheld where it %s', async (_what, body) => {
    const upstream = keep(await startRawUpstream(json(body)))
    const gateway = keep(await startRuled(upstream.url, hiding))
    for (const call of [toolCall('free'), '{"jsonrpc":"2.0","id":1,"method":"ping"}']) {
      const reply = await gateway.post(call)
      expect([reply.status, await reply.text()]).toEqual([
        502,
        expect.not.stringContaining('1e400'),
      ])
    }
  })

  test('passes byte for byte, and nothing is on record about it', async () => {
    const upstream = keep(await startRawUpstream(json(own)))
    const gateway = keep(await startRuled(upstream.url, hiding))
    expect(await (await gateway.post(toolCall('free'))).text()).toBe(own)
    expect(await logged(gateway, 'decision', 1)).toHaveLength(1)
  })
})
