import { expect, test } from 'vitest'
import { toolCall } from '../support/gateway.js'
import { closedAfterEach } from '../support/opened.js'
import { startRuled } from '../support/ruled.js'
import { startRawUpstream } from '../support/upstream.js'

const keep = closedAfterEach()

const rules = `
rules:
  - { id: hide, match: { tool: payroll }, effect: mask_fields, fields: [ssn] }
  - { id: rehearse, match: { tool: pay }, effect: dry_run, reason: rehearsal }
`
const tools = 'tools: [{tool: pay, dry_run_argument: dry_run}]'

const outcome = '{"content":[],"ssn":"1","n":9007199254740993}'
const done = `{"resultType":"complete","taskId":"t-1","status":"completed", "result":${outcome}}`
const answers: Readonly<Record<string, string>> = {
  'tools/call': '{"task":{"taskId":"t-1","status":"working"}}',
  'tasks/result': outcome,
  'tasks/get': done,
}

async function openScene(env: Record<string, string> = {}) {
  const upstream = keep(
    await startRawUpstream(({ body }, response) => {
      const { method } = JSON.parse(body.toString()) as { method: string }
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(`{"jsonrpc":"2.0","id":1,"result":${answers[method] ?? '{}'}}`)
    }),
  )
  const files = { 'tools.yaml': tools }
  const settings = { TOOLS_FILE: 'tools.yaml', AUTH_MODE: 'none', ...env }
  const gateway = keep(await startRuled(upstream.url, rules, settings, files))
  return async (method: string, taskId = 't-1'): Promise<string> => {
    const isCall = method.startsWith('tools/')
    const about = { jsonrpc: '2.0', id: 1, method, params: { taskId } }
    const answer = await gateway.post(
      isCall ? toolCall(method.slice('tools/'.length)) : JSON.stringify(about),
    )
    return answer.text()
  }
}

test('what rules about a tool hide is hidden in the results of its tasks', async () => {
  const ask = await openScene()
  await ask('tools/payroll')
  const hidden = outcome.replace('"1"', '"****"')
  expect(await ask('tasks/result')).toBe(`{"jsonrpc":"2.0","id":1,"result":${hidden}}`)
  expect(await ask('tasks/get')).toBe(
    `{"jsonrpc":"2.0","id":1,"result":${done.replace('"1"', '"****"')}}`,
  )
})

test('the result of a task is withheld where nobody knows which call began it', async () => {
  const ask = await openScene()
  await ask('tools/payroll')
  for (const method of ['tasks/result', 'tasks/get']) {
    const told = await ask(method, 't-9')
    expect(told).toContain('The result answers no call that is known')
    expect(told).not.toContain('"ssn"')
  }
  const watching = await openScene({ POLICY_MODE: 'audit-only' })
  expect(await watching('tasks/result', 't-9')).toContain('"ssn":"1"')
})

test('a dry run that a task makes is marked in the result of the task', async () => {
  const ask = await openScene()
  const note = '"_meta":{"portcullis/dry_run":{"decision_id":"'
  expect(await ask('tools/pay')).toContain(note)
  expect(await ask('tasks/result')).toContain(`"n":9007199254740993,${note}`)
  expect(await ask('tasks/get')).toContain(`"n":9007199254740993,${note}`)
})
