import { expect, test } from 'vitest'
import type { Answer, WholeAnswer } from '../../src/domain/answer.js'
import type { Call } from '../../src/domain/call.js'
import { createLine } from '../../src/domain/hang-up.js'
import type { Pipeline } from '../../src/domain/ports.js'
import { createAggregate } from '../../src/routing/aggregate.js'
import { resultAnswer } from '../../src/routing/answers.js'
import { readMessage } from '../../src/wire/message.js'
import { readOperation } from '../../src/wire/operation.js'

const introduced = JSON.stringify({
  protocolVersion: '2025-11-25',
  capabilities: { tools: {} },
  serverInfo: { name: 's', version: '1' },
})
const ended: WholeAnswer = { type: 'whole', status: 200, headers: [], text: Buffer.alloc(0) }

/** The line through policy to a server that gives these results at once, and says nothing to anything else. */
function lineTo(results: Record<string, string>) {
  let hungUp = 0
  const said = <T>(answer: T | undefined, hangUp: Parameters<Pipeline['end']>[1]): Promise<T> => {
    if (answer !== undefined) return Promise.resolve(answer)
    return new Promise(() => hangUp.notify(() => (hungUp += 1)))
  }
  const pipeline: Pipeline = {
    handle: (call, hangUp) => {
      const { message } = call
      if (message.form !== 'request') {
        const told = { answer: { type: 'accepted' } as const, calls: [] }
        return said(results['notifications'] === undefined ? undefined : told, hangUp)
      }
      const result = results[message.method]
      const session = [['mcp-session-id', call.server]] as const
      const answer = result === undefined ? undefined : resultAnswer(message.id, result, session)
      return said(answer && { answer, calls: [] }, hangUp)
    },
    listen: (_, hangUp) => said<Answer>(undefined, hangUp),
    end: (_, hangUp) => said(results['DELETE'] === undefined ? undefined : ended, hangUp),
  }
  return { pipeline, hungUp: () => hungUp }
}

function aggregateOf(a: Pipeline, b: Pipeline) {
  const leftOut: string[] = []
  const aggregate = createAggregate({
    servers: [
      { name: 'a', pipeline: a },
      { name: 'b', pipeline: b },
    ],
    version: '1',
    maxMessageBytes: 1000,
    longestWaitMs: 20,
    telling: { style: 'jsonrpc', detail: 'full' },
    events: {
      serverLeftOut: (server, kind, { code }) => leftOut.push(`${server} ${kind} ${code}`),
      serverTookPart: () => undefined,
      messageDropped: () => undefined,
    },
    newId: () => 'new',
    now: () => 0,
  })
  return { aggregate, leftOut }
}

function callOf(method: string, sessionMap?: string, isNotification = false): Call {
  const id = isNotification ? {} : { id: 1 }
  const message = readMessage(Buffer.from(JSON.stringify({ jsonrpc: '2.0', ...id, method })))
  if (message.form === 'response') throw new Error('It is no response')
  const session = sessionMap === undefined ? undefined : { id: 's', upstreamId: sessionMap }
  return {
    id: 'call',
    message,
    operation: readOperation(message),
    direction: 'to_server',
    principal: { id: '', roles: [], teams: [], authenticated: false, via: 'none', claims: {} },
    claimed: undefined,
    server: '',
    session,
    headers: {},
    requestIp: '',
    protocol: '2025-11-25',
    time: 0,
    era: 'legacy',
  }
}

const whole = { initialize: introduced, 'tools/list': '{"tools":[{"name":"t"}]}', ping: '{}' }

async function beginSession(aggregate: Pipeline): Promise<string> {
  const { answer } = await aggregate.handle(callOf('initialize'), createLine())
  if (answer.type !== 'whole') throw new Error('No session began')
  return answer.headers.find(([name]) => name === 'mcp-session-id')?.[1] ?? ''
}

async function textOf(aggregate: Pipeline, call: Call): Promise<string> {
  const { answer } = await aggregate.handle(call, createLine())
  return answer.type === 'whole' ? answer.text.toString() : answer.type
}

test('a server that says nothing does not keep a session from beginning with the others', async () => {
  const silent = lineTo({})
  const { aggregate, leftOut } = aggregateOf(silent.pipeline, lineTo(whole).pipeline)
  expect(await beginSession(aggregate)).toContain('"b"')
  expect(leftOut).toEqual(['a initialize upstream_timeout'])
  expect(silent.hungUp()).toBe(1)
})

test('nor from being listed, asked and told', async () => {
  const { initialize } = whole
  const a = lineTo({ initialize })
  const b = lineTo({ ...whole, notifications: '' })
  const { aggregate, leftOut } = aggregateOf(a.pipeline, b.pipeline)
  const session = await beginSession(aggregate)
  expect(await textOf(aggregate, callOf('tools/list', session))).toContain('[{"name":"b__t"}]')
  expect(await textOf(aggregate, callOf('ping', session))).toContain('"result":{}')
  const told = callOf('notifications/initialized', session, true)
  expect(await textOf(aggregate, told)).toBe('accepted')
  expect(leftOut).toEqual(['a tools/list upstream_timeout', 'a ping upstream_timeout'])
  expect(a.hungUp()).toBe(3)
})

test('nor from being ended', async () => {
  const a = lineTo(whole)
  const { aggregate, leftOut } = aggregateOf(a.pipeline, lineTo({ ...whole, DELETE: '' }).pipeline)
  const session = await beginSession(aggregate)
  expect(await aggregate.end(callOf('ping', session), createLine())).toEqual(ended)
  expect(leftOut).toEqual(['a DELETE upstream_timeout'])
})
