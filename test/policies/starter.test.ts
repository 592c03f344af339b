import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openUnverified } from '../../src/bundles/open-bundle.js'
import type { Call } from '../../src/domain/call.js'
import type { Decision } from '../../src/domain/decision.js'
import { policyInput } from '../../src/domain/policy-input.js'
import type { JudgedResponse } from '../../src/domain/policy-input.js'
import type { Policy } from '../../src/domain/ports.js'
import { applyObligations } from '../../src/pipeline/oblige.js'
import { compilePolicy } from '../../src/policy/compile.js'
import { createPatterns } from '../../src/policy/patterns.js'
import { readMessage } from '../../src/wire/message.js'
import { methodRow, knownMethods } from '../../src/wire/methods.js'
import { readOperation } from '../../src/wire/operation.js'

const patterns = createPatterns()
let policy: Policy

beforeAll(async () => {
  const archive = await readFile(new URL('../../bundles/starter.tar.gz', import.meta.url))
  const bundle = await openUnverified(archive, 1_000_000)
  policy = await compilePolicy(bundle, {
    patterns,
    classify: () => 'unknown',
    limits: { maxInputBytes: 1_000_000, budgetMs: 1000 },
    largeInput: { calls: 'deny', responses: 'deny' },
  })
})

afterAll(() => patterns.close())

/** The call of somebody with these roles; `params` is JSON text, so that numbers arrive as they are spelled. */
function callOf(kind: string, params = '{}', roles: readonly string[] = []): Call {
  const id = kind.startsWith('notifications/') ? '' : '"id":1,'
  const text = `{"jsonrpc":"2.0",${id}"method":${JSON.stringify(kind)},"params":${params}}`
  const message = readMessage(Buffer.from(text))
  if (message.form === 'response') throw new Error('a call is no response')
  return {
    id: 'test',
    message,
    operation: readOperation(message),
    direction: 'to_server',
    principal: {
      id: roles.length > 0 ? 'alice@org' : '',
      roles,
      teams: [],
      authenticated: roles.length > 0,
      via: roles.length > 0 ? 'jwt' : 'none',
      claims: {},
    },
    claimed: undefined,
    server: 'demo',
    session: undefined,
    headers: {},
    requestIp: '192.0.2.44',
    protocol: '2025-11-25',
    time: 0,
    era: 'legacy',
  }
}

function toolCall(name: string, args: string | undefined, roles?: readonly string[]): Call {
  const rest = args === undefined ? '' : `,"arguments":${args}`
  return callOf('tools/call', `{"name":${JSON.stringify(name)}${rest}}`, roles)
}

function judge(call: Call, response?: JudgedResponse): Decision {
  const hook = response === undefined ? 'pre' : 'post'
  return policy.evaluate(policyInput({ hook, call, time: 0, inputHeaders: 'all', response }))
}

/** What the caller gets of a reply: its result after everything that the policy asks for. */
async function release(call: Call, member: 'result' | 'error', content: unknown): Promise<unknown> {
  const message = readMessage(
    Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 1, [member]: content })),
  )
  if (message.form !== 'response') throw new Error('a reply is a response')
  const { text, outcome } = message
  const isError = outcome.type === 'error'
  const decision = judge(call, { text, span: outcome.span, isError })
  if (decision.effect !== 'allow') throw new Error(`refused: ${decision.reason}`)
  const root = { name: 'response', span: outcome.span, isError } as const
  const { obligations } = decision
  const applied = await applyObligations({ text, root, obligations, patterns })
  return (JSON.parse(applied.text.toString()) as Record<string, unknown>)[member]
}

test('the bundle has both hooks and says its revision', () => {
  expect(policy.hooks).toEqual({ pre: true, post: true, list: false })
  expect(policy.revision).toBe('starter-1')
})

describe('methods', () => {
  const params = (kind: string) =>
    methodRow(kind)?.target === 'resource' ? '{"uri":"demo://readme"}' : '{"name":"greet"}'

  test.each(knownMethods().filter((kind) => kind !== 'tools/call'))(
    '%s passes for anybody',
    (kind) => {
      expect(judge(callOf(kind, params(kind)))).toMatchObject({ effect: 'allow', obligations: [] })
    },
  )

  test.each(['tools/delete', 'pong', 'notification/x'])('%s is refused as unknown', (kind) => {
    expect(judge(callOf(kind))).toMatchObject({
      effect: 'deny',
      code: 'policy_deny',
      reason: 'unknown_method',
      rules: ['methods'],
    })
  })
})

describe('tools', () => {
  test.each([
    ['weather.get', '{"city":"Berlin"}', []],
    ['weather.get', undefined, []],
    ['constructor', '{}', []],
    ['database.backup', '{"database":"crm"}', ['dba']],
    ['database.backup', undefined, ['dev', 'admin']],
    ['temp.convert', '{"temp":-273}', []],
    ['temp.convert', '{"temp":10000.0}', []],
    ['temp.convert', '{"temp":1E4}', []],
  ])('%s %s passes for %j', (name, args, roles) => {
    expect(judge(toolCall(name, args, roles))).toMatchObject({ effect: 'allow', rules: ['tools'] })
  })

  test.each([[['dev']], [[]], [['DBA']], [['db', 'a']]])(
    'database.backup is refused for %j',
    (roles) => {
      for (const args of ['{}', '{"roles":["dba"]}', undefined]) {
        expect(judge(toolCall('database.backup', args, roles))).toMatchObject({
          effect: 'deny',
          code: 'policy_deny',
          reason: 'role_mismatch',
          rules: ['restricted-tools'],
          remedy: 'This tool needs one of these roles: admin, dba',
        })
      }
    },
  )

  test.each([
    '{"temp":-500}',
    '{"temp":-273.15}',
    '{"temp":-273.00000000000000001}',
    '{"temp":10000.00000000000000001}',
    '{"temp":1e400}',
    '{"temp":-1e400}',
    '{"temp":99999999999999999999}',
    '{"temp":"-500"}',
    '{"temp":"20"}',
    '{"temp":[20]}',
    '{"temp":{"value":20}}',
    '{"temp":null}',
    '{"temp":true}',
    '{"Temp":20}',
    '{}',
    undefined,
  ])('temp.convert %s is out of bounds', (args) => {
    expect(judge(toolCall('temp.convert', args, ['admin']))).toMatchObject({
      effect: 'deny',
      code: 'validation_failed',
      reason: 'out_of_bounds: temp',
      rules: ['argument-bounds'],
      remedy: 'Give temp as a number from -273 to 10000',
    })
  })
})

describe('replies', () => {
  const says = (text: string) => ({ content: [{ type: 'text', text }] })

  test.each([
    ['\u001B[31mALERT\u001B[0m', 'ALERT'],
    ['\u001B[2J\u001B[1;31;4mred\u001B[m, \u001B[?25lno cursor', 'red, no cursor'],
    ['key AKIAIOSFODNN7EXAMPLE.', 'key [redacted].'],
    [`token ghp_${'a1'.repeat(18)}`, 'token [redacted]'],
    [
      `Bearer sk-proj-${'a1_-'.repeat(6)}, Bearer sk-ant-${'a1_-'.repeat(6)}`,
      'Bearer [redacted], Bearer [redacted]',
    ],
    [
      'a: -----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nMII+/=\n-----END RSA PRIVATE KEY-----',
      'a: [redacted]',
    ],
    ['cut off: -----BEGIN PRIVATE KEY-----\nMII', 'cut off: [redacted]'],
    [
      'task-550e8400-e29b-41d4-a716-446655440000 [31m',
      'task-550e8400-e29b-41d4-a716-446655440000 [31m',
    ],
  ])('%j reaches the caller as %j', async (text, clean) => {
    const call = toolCall('alert', undefined)
    expect(await release(call, 'result', says(text))).toEqual(says(clean))
    const message = { code: -32603, message: text, data: { text } }
    expect(await release(call, 'error', message)).toEqual({
      code: -32603,
      message: clean,
      data: { text: clean },
    })
  })

  test('secrets are found in structured content, resources and JSON inside text', async () => {
    const secret = 'AKIAIOSFODNN7EXAMPLE'
    expect(
      await release(callOf('resources/read', '{"uri":"demo://x"}'), 'result', {
        contents: [{ uri: 'demo://x', text: JSON.stringify({ deep: [secret] }) }],
        structuredContent: { deep: [{ secret }] },
      }),
    ).toEqual({
      contents: [{ uri: 'demo://x', text: '{"deep":["[redacted]"]}' }],
      structuredContent: { deep: [{ secret: '[redacted]' }] },
    })
  })

  const employee = { name: 'Ada', salary: 98000, ssn: '000-12-3456' }
  const data = { ...says(JSON.stringify(employee)), structuredContent: employee }
  const shown = { name: 'Ada', ssn: '****' }

  test.each([[[]], [['dev', 'admin']]])(
    'private fields of employee_data are hidden from %j',
    async (roles) => {
      const call = toolCall('employee_data', '{"employee_id":"1"}', roles)
      expect(await release(call, 'result', data)).toEqual({
        ...says(JSON.stringify(shown)),
        structuredContent: shown,
      })
    },
  )

  test('hr sees the private fields', async () => {
    expect(await release(toolCall('employee_data', '{}', ['hr']), 'result', data)).toEqual(data)
  })

  test('a resource does not give what the tool hides', async () => {
    const call = callOf('resources/read', '{"uri":"demo://employees/1"}')
    const contents = [{ uri: 'demo://employees/1', text: JSON.stringify(employee) }]
    expect(await release(call, 'result', { contents })).toEqual({
      contents: [{ uri: 'demo://employees/1', text: JSON.stringify(shown) }],
    })
  })

  test('lists and other tools keep fields of those names', async () => {
    const properties = { salary: { type: 'number' }, ssn: { type: 'string' } }
    const tools = [{ name: 'x', inputSchema: { type: 'object', properties } }]
    expect(await release(callOf('tools/list'), 'result', { tools })).toEqual({ tools })
    expect(await release(toolCall('weather.get', '{}'), 'result', data)).toEqual(data)
  })
})
