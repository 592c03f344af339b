import {
  Client,
  StreamableHTTPClientTransport,
  type VersionNegotiationMode,
} from '@modelcontextprotocol/client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { textOf } from '../support/client.js'
import { startEverything, type Everything } from '../support/everything/http.mjs'
import { startTestGateway, type TestGateway } from '../support/gateway.js'
import { bundleOf, logged, script } from '../support/governed.js'
import { closedAfterEach } from '../support/opened.js'

const keep = closedAfterEach()
let server: Everything

beforeAll(async () => {
  server = await startEverything()
})
afterAll(() => server.close())

const governed = async (policy: string): Promise<TestGateway> =>
  keep(
    await startTestGateway({
      UPSTREAM_URL: server.url,
      POLICY_MODE: 'enforce',
      POLICY_BUNDLE_PATH: bundleOf(policy),
    }),
  )

/** A client that answers whatever a server asks of it, and notes it. */
async function connect(
  { mcpUrl }: TestGateway,
  headers: Record<string, string> = {},
  mode: VersionNegotiationMode = { pin: '2026-07-28' },
) {
  const client = new Client(
    { name: 'test-client', version: '1.0.0' },
    {
      capabilities: { elicitation: { form: {}, url: {} }, sampling: {}, roots: {} },
      versionNegotiation: { mode },
    },
  )
  const asked: string[] = []
  client.setRequestHandler('elicitation/create', ({ params: { message } }) => {
    asked.push(message)
    return { action: 'accept', content: { name: 'Eve', color: 'blue' } }
  })
  client.setRequestHandler('sampling/createMessage', () => {
    asked.push('sampling')
    return { model: 'small', role: 'assistant', content: { type: 'text', text: 'hello' } }
  })
  client.setRequestHandler('roots/list', () => {
    asked.push('roots')
    return { roots: [{ uri: 'file:///home', name: 'home' }] }
  })
  await client.connect(
    new StreamableHTTPClientTransport(new URL(mcpUrl), { requestInit: { headers } }),
  )
  keep(client)
  return { client, asked }
}

const denial = { allow: false, reason: 'not_now' }

describe.each(['scripted', 'scripted-pre'])('a modern client and server, under %s', (policy) => {
  test.each([
    ['test_input_required_result_elicitation', ['What is your name?']],
    ['test_input_required_result_sampling', ['sampling']],
    ['test_input_required_result_list_roots', ['roots']],
    [
      'test_input_required_result_multi_round',
      ['What is your name?', 'What is your favourite colour?'],
    ],
    ['test_input_required_result_multiple_inputs', ['What is your name?', 'sampling', 'roots']],
  ])('go through %s', async (name, questions) => {
    const gateway = await governed(policy)
    const { client, asked } = await connect(gateway)
    const result = await client.callTool({ name })
    expect(result.isError ?? false).toBe(false)
    expect(asked.toSorted()).toEqual(questions.toSorted())
    const pre = (await logged(gateway, 'decision')).filter(({ hook }) => hook === 'pre')
    expect(pre.filter(({ direction }) => direction === 'to_client')).toHaveLength(questions.length)
  })

  test.each([
    ['test_input_required_result_elicitation', 'elicitation/create'],
    ['test_input_required_result_sampling', 'sampling/createMessage'],
    ['test_input_required_result_list_roots', 'roots/list'],
  ])('get no further in %s where policy refuses to ask', async (name, kind) => {
    const { client, asked } = await connect(
      await governed(policy),
      script({ pre: { [kind]: denial } }),
    )
    await expect(client.callTool({ name })).rejects.toThrow()
    expect(asked).toEqual([])
  })
})

test.each(['scripted', 'scripted-pre'])(
  'a legacy client is told where to go first, unless policy refuses, under %s',
  async (policy) => {
    const gateway = await governed(policy)
    const call = { name: 'elicit_url_first' }
    const { client } = await connect(gateway, {}, 'legacy')
    await expect(client.callTool(call)).rejects.toMatchObject({ code: -32042 })
    const refused = await connect(
      gateway,
      script({ pre: { 'elicitation/create': denial } }),
      'legacy',
    )
    await expect(refused.client.callTool(call)).rejects.not.toMatchObject({ code: -32042 })
  },
)

test('a modern server gets no answer that policy refuses', async () => {
  const gateway = await governed('scripted')
  const { client, asked } = await connect(gateway, script({ post: { 'roots/list': denial } }))
  const calling = client.callTool({ name: 'test_input_required_result_list_roots' })
  await expect(calling).rejects.toThrow()
  expect(asked).toEqual(['roots'])
})

test('and gets others as policy leaves them', async () => {
  const masking = { allow: true, mask_fields: ['name'] }
  const headers = script({ post: { 'elicitation/create': masking } })
  const { client } = await connect(await governed('scripted'), headers)
  const result = await client.callTool({ name: 'test_input_required_result_elicitation' })
  expect(textOf(result)).not.toContain('Eve')
  expect(textOf(result)).toContain('****')
})
