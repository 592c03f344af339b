import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestGateway, toolCall } from '../support/gateway.js'
import { bundleOf, logged, script, sentTo } from '../support/governed.js'
import { mirrored, modern } from '../support/modern.js'
import { closedAfterEach } from '../support/opened.js'
import { clients } from '../support/records-client.js'
import { startRecordsServer, type RecordsServer } from '../support/records-server.js'
import { startRuled } from '../support/ruled.js'
import { json, startRawUpstream, type Answerer } from '../support/upstream.js'

const keep = closedAfterEach()
let server: RecordsServer

beforeAll(async () => {
  server = await startRecordsServer()
})
afterAll(() => server.close())

const tools =
  'tools: [{tool: "delete_*", dry_run_argument: dry_run}, {tool: keep, action_class: read}]'
const rehearsing = script({ pre: { 'tools/call': { effect: 'dry_run', reason: 'rehearsal' } } })
const dryRunOf = (result: { _meta?: Readonly<Record<string, unknown>> }) =>
  result._meta?.['portcullis/dry_run']

describe.each(clients)(
  'the tool itself makes the dry run for a client of %s',
  (_which, connect) => {
    test('and its result says so', async () => {
      const gateway = keep(
        await startTestGateway(
          {
            UPSTREAM_URL: server.url,
            POLICY_MODE: 'enforce',
            POLICY_BUNDLE_PATH: bundleOf('redacting'),
            TOOLS_FILE: 'tools.yaml',
          },
          { 'tools.yaml': tools },
        ),
      )
      const client = keep(await connect(gateway.mcpUrl, rehearsing))
      const before = server.deleted.length
      await client.tools()
      const result = await client.call('delete_record', { id: 'a', dry_run: false })
      expect(result.content[0]?.text).toBe('Would delete a')
      expect(dryRunOf(result)).toMatchObject({
        reason: 'rehearsal',
        kind: 'tools/call',
        forwarded: true,
        argument: 'dry_run',
        args: { id: 'a', dry_run: true },
      })
      expect(server.deleted).toHaveLength(before)
      const decisions = await logged(gateway, 'decision', 3)
      const line = decisions.find(({ effect }) => effect === 'dry_run')
      expect(line).toMatchObject({ enforced: true, action_class: 'unknown' })
      expect(line?.['sent_digest']).not.toBe(line?.['payload_digest'])
    })
  },
)

describe('a dry run by the tool', () => {
  const result = '{"id":1, "result":{"n":1E400 ,"content":[]} ,"jsonrpc":"2.0"}'
  const governed = async (
    answer: Answerer = json(result),
    env: Record<string, string> = {},
    file = tools,
  ) => {
    const upstream = keep(await startRawUpstream(answer))
    const gateway = keep(
      await startTestGateway(
        {
          UPSTREAM_URL: upstream.url,
          POLICY_MODE: 'enforce',
          POLICY_BUNDLE_PATH: bundleOf('redacting'),
          TOOLS_FILE: 'tools.yaml',
          ...env,
        },
        { 'tools.yaml': file },
      ),
    )
    return { upstream, gateway }
  }
  const argumentsSent = (sent: readonly string[]): unknown[] =>
    sent.map((body) => (JSON.parse(body) as { params: { arguments: unknown } }).params.arguments)

  test.each<[string, object | undefined, object]>([
    ['is added to the arguments', { id: 'a' }, { id: 'a', dry_run: true }],
    ['is added where there are no arguments', undefined, { dry_run: true }],
    [
      'takes the place of what the caller says',
      { dry_run: false, id: 1 },
      { dry_run: true, id: 1 },
    ],
    ['takes the place of anything', { dry_run: { not: [] } }, { dry_run: true }],
    [
      'takes the place of names that a server could take for it',
      { DRY_RUN: false, Dry_Run: 0, dry_run: null, dryRun: false },
      { dry_run: true, dryRun: false },
    ],
  ])('%s', async (_what, args, sent) => {
    const { gateway, upstream } = await governed()
    await gateway.post(toolCall('delete_one', args), rehearsing)
    expect(argumentsSent(sentTo(upstream))).toEqual([sent])
  })

  test('leaves the rest of the call and of the result as they are', async () => {
    const { gateway, upstream } = await governed()
    const call =
      ' {"id" : 1,"params":{"arguments":{"n":9007199254740993 },"name":"delete_\\u0061"},"method":"tools/call","jsonrpc":"2.0"}'
    const answer = await (await gateway.post(call, rehearsing)).text()
    expect(sentTo(upstream)).toEqual([call.replace('993 }', '993 ,"dry_run":true}')])
    const [before, note] = answer.split(',"_meta":{"portcullis/dry_run":')
    expect(`${before}} ,"jsonrpc":"2.0"}`).toBe(result)
    expect(note).toContain('"args":{"n":9007199254740993 ,"dry_run":true}')
  })

  test('is marked on an event stream, and an error of the server is left alone', async () => {
    const error = '{"jsonrpc":"2.0","id":1,"error":{"code":7,"message":"no"}}'
    const streaming =
      (text: string): Answerer =>
      (_received, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        response.end(`id: 3\ndata: ${text}\n\n`)
      }
    const streamed = await governed(streaming(result))
    expect(await (await streamed.gateway.post(toolCall('delete_a'), rehearsing)).text()).toContain(
      '"portcullis/dry_run":{"decision_id"',
    )
    const failed = await governed(streaming(error))
    expect(await (await failed.gateway.post(toolCall('delete_a'), rehearsing)).text()).toBe(
      `id: 3\ndata: ${error}\n\n`,
    )
  })

  test('is the one that the gateway says, whatever the server says', async () => {
    const own = '{"id":1,"result":{"_meta":{"a":1,"portcullis/dry_run":{"forwarded":false}}}}'
    const { gateway } = await governed(json(`{"jsonrpc":"2.0",${own.slice(1)}`))
    const answer = await (await gateway.post(toolCall('delete_a'), rehearsing)).json()
    expect(answer).toMatchObject({
      result: { _meta: { a: 1, 'portcullis/dry_run': { forwarded: true } } },
    })
    expect(JSON.stringify(answer)).not.toContain('"forwarded":false')
  })

  test('goes through where policy has nothing against the call as it is sent', async () => {
    const { gateway, upstream } = await governed()
    const answer = await gateway.post(toolCall('delete_a'), { ...rehearsing, 'x-once': '1' })
    expect(await answer.json()).toHaveProperty(['result', '_meta', 'portcullis/dry_run'])
    expect(upstream.received).toHaveLength(1)
  })

  test('is refused where policy refuses the call as it would be sent', async () => {
    const upstream = keep(await startRawUpstream(json(result)))
    const rules = [
      'rules:',
      '  - {id: rehearse, match: {tool: "delete_*"}, effect: dry_run, reason: rehearsal}',
      '  - {id: no, match: {tool: "*"}, when: "has(args.dry_run) && $dry_run", effect: deny, reason: never}',
    ].join('\n')
    const files = { 'tools.yaml': tools }
    const gateway = keep(await startRuled(upstream.url, rules, { TOOLS_FILE: 'tools.yaml' }, files))
    const answer = await gateway.post(toolCall('delete_a'))
    expect([answer.status, await answer.json()]).toMatchObject([
      403,
      { error: { data: { reason: 'never', rule: 'no', forwarded: false } } },
    ])
    expect(upstream.received).toHaveLength(0)
  })

  test('is not made of a tool of which no argument is named', async () => {
    const { gateway, upstream } = await governed()
    const answer = await (
      await gateway.post(toolCall('keep', { dry_run: true }), rehearsing)
    ).json()
    expect(answer).toMatchObject({
      result: { _meta: { 'portcullis/dry_run': { forwarded: false, args: { dry_run: true } } } },
    })
    expect(upstream.received).toHaveLength(0)
  })

  test.each(['audit-only', 'warn'])('is not made in mode %s', async (mode) => {
    const { gateway, upstream } = await governed(json(result), { POLICY_MODE: mode })
    const answer = await (await gateway.post(toolCall('delete_a', { x: 1 }), rehearsing)).text()
    expect(argumentsSent(sentTo(upstream))).toEqual([{ x: 1 }])
    expect(answer).not.toContain('portcullis/dry_run')
    expect(answer.includes('would_dry_run: rehearsal')).toBe(mode === 'warn')
  })

  test('mirrors no header that says otherwise', async () => {
    const { gateway, upstream } = await governed()
    await gateway.post(modern('tools/call', { name: 'delete_a', arguments: { dry_run: false } }), {
      ...mirrored('tools/call', 'delete_a'),
      ...rehearsing,
      'mcp-param-dryrun': 'false',
    })
    const call = upstream.received.find(({ body }) => body.includes('"tools/call"'))
    expect(call?.body.toString()).toContain('"dry_run":true')
    expect(call?.headers).not.toHaveProperty('mcp-param-dryrun')
  })
})
