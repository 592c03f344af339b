import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestGateway, type TestGateway } from '../support/gateway.js'
import { bundleOf, script, startGoverned } from '../support/governed.js'
import { closedAfterEach } from '../support/opened.js'
import { clients, type RecordsClient } from '../support/records-client.js'
import { record, startRecordsServer, type RecordsServer } from '../support/records-server.js'
import { json } from '../support/upstream.js'

const keep = closedAfterEach()
let server: RecordsServer

beforeAll(async () => {
  server = await startRecordsServer()
})
afterAll(() => server.close())

const open = (env: Record<string, string> = {}): Promise<TestGateway> =>
  startTestGateway({
    UPSTREAM_URL: server.url,
    POLICY_MODE: 'enforce',
    POLICY_BUNDLE_PATH: bundleOf('redacting'),
    ...env,
  }).then(keep)

const masking = script({
  post: {
    'tools/call': { allow: true, mask_fields: ['ssn'], filter_fields: ['salary'] },
    'notifications/message': { allow: true, mask_fields: ['ssn'], filter_fields: ['salary'] },
  },
})

const masked = {
  name: 'Ada',
  ssn: '****',
  manager: { name: 'Bea', ssn: '****' },
}

describe.each(clients)('a client of %s', (_which, connect) => {
  const connected = async (url: string, headers = {}): Promise<RecordsClient> =>
    keep(await connect(url, headers))

  test('keeps a result of which fields are hidden, after it has listed the tools', async () => {
    const gateway = await open()
    const client = await connected(gateway.mcpUrl, masking)
    const tools = await client.tools()
    expect(tools.get('employee')).not.toHaveProperty('outputSchema')
    expect(tools.get('delete_all')).toHaveProperty('outputSchema')
    const result = await client.call('employee')
    expect(result.structuredContent).toEqual(masked)
    expect(JSON.parse(result.content[0]?.text ?? '')).toEqual(masked)
    expect(client.logged).toEqual([{ reading: masked }])
  })

  test('would throw it away if the schema were still there', async () => {
    const gateway = await open({ POLICY_BUNDLE_PATH: bundleOf('scripted') })
    const client = await connected(gateway.mcpUrl, masking)
    expect((await client.tools()).get('employee')).toHaveProperty('outputSchema')
    await expect(client.call('employee')).rejects.toThrow(/schema/)
  })

  test.each(['audit-only', 'warn'])('is shown every schema in mode %s', async (mode) => {
    const gateway = await open({ POLICY_MODE: mode })
    const client = await connected(gateway.mcpUrl, masking)
    expect((await client.tools()).get('employee')).toHaveProperty('outputSchema')
    expect((await client.call('employee')).structuredContent).toEqual(record)
  })

  test('finds the schema gone in the list of several servers, too', async () => {
    const file = JSON.stringify({
      mcpServers: { hr: { url: server.url }, crm: { url: server.url } },
    })
    const gateway = keep(
      await startTestGateway(
        {
          UPSTREAMS_FILE: 'servers.json',
          POLICY_MODE: 'enforce',
          POLICY_BUNDLE_PATH: bundleOf('redacting'),
        },
        { 'servers.json': file },
      ),
    )
    const client = await connected(gateway.mcpUrl, masking)
    const tools = await client.tools()
    expect(tools.get('hr__employee')).not.toHaveProperty('outputSchema')
    expect(tools.get('crm__delete_all')).toHaveProperty('outputSchema')
    expect((await client.call('crm__employee')).structuredContent).toEqual(masked)
  })

  test('keeps the answer to a dry run of a tool with a schema, as an error', async () => {
    const gateway = await open()
    const client = await connected(
      gateway.mcpUrl,
      script({ pre: { 'tools/call': { effect: 'dry_run', reason: 'rehearsal' } } }),
    )
    await client.tools()
    const before = server.deleted.length
    const schemaless = await client.call('delete_record', { id: 'a' })
    expect(schemaless.isError).toBeUndefined()
    const result = await client.call('delete_all')
    expect(result.isError).toBe(true)
    expect(result._meta?.['portcullis/dry_run']).toMatchObject({
      reason: 'rehearsal',
      kind: 'tools/call',
      forwarded: false,
      args: {},
    })
    expect(server.deleted).toHaveLength(before)
  })
})

describe('a list without schemas', () => {
  const tool = (name: string, schema = ''): string =>
    ` {"n":1E2 , "name":"${name}"${schema},"x":[9007199254740993]}`
  const schema = ', "outputSchema" :{"type":"object"} '
  const page = (...tools: string[]): string =>
    `{"id":1,"result" : {"tools": [${tools.join(',')} ],"nextCursor":"\\u0061"},"jsonrpc":"2.0"} `
  const asked = '{"jsonrpc":"2.0","id":1,"method":"tools/list"}'
  const whole = page(tool('employee', schema), tool('other', schema), tool('employee'))
  const stripped = page(tool('employee'), tool('other', schema), tool('employee'))

  const governed = async (reply: string, env = {}, policy = 'redacting') =>
    keep(await startGoverned(json(reply), env, policy))

  test('is the list of the server in every other byte', async () => {
    const { gateway } = await governed(whole)
    expect(await (await gateway.post(asked)).text()).toBe(stripped)
  })

  test('is left alone where policy hides nothing, and where the mode blocks nothing', async () => {
    const plain = await governed(whole, {}, 'scripted')
    expect(await (await plain.gateway.post(asked)).text()).toBe(whole)
    const audit = await governed(whole, { POLICY_MODE: 'audit-only' })
    expect(await (await audit.gateway.post(asked)).text()).toBe(whole)
  })

  test.each([
    ['first', '{"outputSchema":{} , "name":"employee"}', '{ "name":"employee"}'],
    ['alone behind the name', '{"name":"employee","outputSchema":null}', '{"name":"employee"}'],
    [
      'under a name that is spelled with escapes',
      String.raw`{"name":"\u0065mployee","output\u0053chema":{}}`,
      String.raw`{"name":"\u0065mployee"}`,
    ],
  ])('loses a schema that stands %s', async (_where, item, left) => {
    const { gateway } = await governed(page(item))
    expect(await (await gateway.post(asked)).text()).toBe(page(left))
  })

  test.each(['{"outputSchema":{}}', '7', '{"name":7,"outputSchema":{}}'])(
    'keeps %s, which is no tool of a name',
    async (item) => {
      const { gateway } = await governed(page(item))
      expect(await (await gateway.post(asked)).text()).toBe(page(item))
    },
  )

  test('comes on an event stream, too', async () => {
    const { gateway } = keep(
      await startGoverned(
        (_received, response) => {
          response.writeHead(200, { 'content-type': 'text/event-stream' })
          response.end(`id: 7\ndata: ${whole}\n\n`)
        },
        {},
        'redacting',
      ),
    )
    expect(await (await gateway.post(asked)).text()).toBe(`id: 7\ndata: ${stripped}\n\n`)
  })

  test('is for its reader alone', async () => {
    const shared = `{"jsonrpc":"2.0","id":1,"result":{"tools":[${tool('employee', schema)}],"cacheScope":"public","ttlMs":600000}}`
    const { gateway } = await governed(shared)
    expect(await (await gateway.post(asked)).json()).toHaveProperty('result', {
      tools: [{ n: 100, name: 'employee', x: [9007199254740992] }],
      cacheScope: 'private',
      ttlMs: 60_000,
    })
  })

  test('is told of when another policy begins to hide something', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'schemas-'))
    keep({ close: () => rm(folder, { recursive: true }) })
    const bundle = join(folder, 'bundle.tar.gz')
    await copyFile(bundleOf('scripted'), bundle)
    const gateway = await open({ POLICY_BUNDLE_PATH: bundle })
    const [, connect] = clients[0]
    const client = keep(await connect(gateway.mcpUrl, {}))
    expect((await client.tools()).get('employee')).toHaveProperty('outputSchema')
    await copyFile(bundleOf('redacting'), bundle)
    await gateway.reload()
    await client.toolsChanged
    expect((await client.tools()).get('employee')).not.toHaveProperty('outputSchema')
  })
})
