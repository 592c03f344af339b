import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { toArrayAsync } from '@modelcontextprotocol/sdk/experimental/tasks'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { CallToolResultSchema, ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { textOf } from '../support/client.js'
import { as, startTestGateway, trustLoopback, type TestGateway } from '../support/gateway.js'
import { bundleOf, logged, script } from '../support/governed.js'
import { closedAfterEach } from '../support/opened.js'
import { startTaskServer, type TaskServer } from '../support/task-server.js'

const keep = closedAfterEach()
let server: TaskServer

beforeAll(async () => {
  server = await startTaskServer()
})
afterAll(() => server.close())

const governed = async (policy = 'scripted'): Promise<TestGateway> =>
  keep(
    await startTestGateway({
      ...trustLoopback,
      UPSTREAM_URL: server.url,
      POLICY_MODE: 'enforce',
      POLICY_BUNDLE_PATH: bundleOf(policy),
    }),
  )

/** A client that begins tasks, and answers what it is asked for them. */
async function connect({ mcpUrl }: TestGateway, headers: Record<string, string>): Promise<Client> {
  const client = new Client(
    { name: 'test-client', version: '1.0.0' },
    { capabilities: { elicitation: {}, tasks: {} } },
  )
  client.setRequestHandler(ElicitRequestSchema, () => ({
    action: 'accept',
    content: { name: 'Eve' },
  }))
  await client.connect(
    new StreamableHTTPClientTransport(new URL(mcpUrl), { requestInit: { headers } }),
  )
  return keep(client)
}

async function payroll(client: Client, asks: boolean) {
  const messages = await toArrayAsync(
    client.experimental.tasks.callToolStream(
      { name: 'payroll', arguments: { asks } },
      CallToolResultSchema,
      { task: { ttl: 60_000 } },
    ),
  )
  const created = messages.find((message) => message.type === 'taskCreated')
  const ended = messages.find((message) => message.type === 'result')
  const failed = messages.find((message) => message.type === 'error')
  return { taskId: created?.task.taskId ?? '', result: ended?.result, error: failed?.error }
}

const alice = as('alice@org')

describe.each(['scripted', 'scripted-pre'])('a real client and a real task, under %s', (policy) => {
  test('go through, with what the server asks meanwhile', async () => {
    const gateway = await governed(policy)
    const client = await connect(gateway, alice)
    const { taskId, result } = await payroll(client, true)
    expect(textOf(result)).toBe('accept')
    expect(taskId).toMatch(/\.[-\w]{22}$/)
    expect(await client.experimental.tasks.getTask(taskId)).toMatchObject({
      taskId,
      status: 'completed',
    })
    const { tasks } = await client.experimental.tasks.listTasks()
    expect(tasks.map((task) => task.taskId)).toContain(taskId)
    const lines = await logged(gateway, 'decision')
    expect(lines).toContainEqual(
      expect.objectContaining({ kind: 'elicitation/create', hook: 'pre', direction: 'to_client' }),
    )
  })

  test('get a refusal of what the server asks, and go on', async () => {
    const denial = { 'elicitation/create': { allow: false, reason: 'not_now' } }
    const client = await connect(await governed(policy), { ...alice, ...script({ pre: denial }) })
    const { result } = await payroll(client, true)
    expect(textOf(result)).toBe('decline')
  })

  test('are nobody else’s', async () => {
    const gateway = await governed(policy)
    const { taskId } = await payroll(await connect(gateway, alice), false)
    const { tasks } = (await connect(gateway, as('bob@org'))).experimental
    const upstreamId = taskId.slice(0, -23)
    for (const id of [taskId, upstreamId]) {
      await expect(tasks.getTask(id)).rejects.toThrow('Task not found')
      await expect(tasks.getTaskResult(id, CallToolResultSchema)).rejects.toThrow('Task not found')
      await expect(tasks.cancelTask(id)).rejects.toThrow('Task not found')
    }
  })
})

test('the result of a real task is changed as policy says of the tool', async () => {
  const masking = { 'tools/call': { allow: true, mask_fields: ['ssn'] } }
  const client = await connect(await governed(), { ...alice, ...script({ post: masking }) })
  const { result } = await payroll(client, false)
  expect(result).toMatchObject({ structuredContent: { ssn: '****' } })
})
