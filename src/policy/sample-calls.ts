import type { Call } from '../domain/call.js'
import type { Operation } from '../domain/operation.js'
import { policyInput } from '../domain/policy-input.js'
import type { JudgedItems, PolicyInput } from '../domain/policy-input.js'
import type { Policy } from '../domain/ports.js'
import { anonymous } from '../domain/principal.js'

/** Inputs like those that a gateway sees, made by nobody in particular: for running a policy before it is used. */
export function sampleInputs(hooks: Policy['hooks']): readonly PolicyInput[] {
  const at = { time: 0, inputHeaders: 'all' } as const
  const calls = sampleCalls()
  return [
    ...(hooks.pre ? calls.map((call) => policyInput({ ...at, call, hook: 'pre' })) : []),
    ...(hooks.post
      ? calls.map((call) => policyInput({ ...at, call, hook: 'post', response: sampleResponse }))
      : []),
    ...(hooks.list
      ? sampleLists().map((list) => policyInput({ ...at, ...list, hook: 'list' }))
      : []),
  ]
}

function sampleCalls(): readonly Call[] {
  return [
    sampleCall('initialize', { protocolVersion: '2025-11-25', capabilities: {} }),
    sampleCall('notifications/initialized'),
    sampleCall('ping'),
    sampleCall('tools/list'),
    sampleCall('tools/call', { name: 'sample', arguments: {} }),
    sampleCall('tools/call', { name: 'sample', arguments: { text: 'word '.repeat(400), n: 1.5 } }),
    sampleCall('resources/read', { uri: 'file:///sample' }),
    sampleCall('prompts/get', { name: 'sample', arguments: { topic: 'sample' } }),
  ]
}

function sampleLists(): readonly { readonly call: Call; readonly items: JudgedItems }[] {
  return [
    { call: sampleCall('tools/list'), items: sampleItems('name') },
    { call: sampleCall('prompts/list'), items: sampleItems('name') },
    { call: sampleCall('resources/list'), items: sampleItems('uri') },
    { call: sampleCall('resources/templates/list'), items: sampleItems('uriTemplate') },
  ]
}

function sampleItems(identifiedBy: string): JudgedItems {
  const items = Array.from({ length: 20 }, (_, index) => ({
    [identifiedBy]: `sample:${index}`,
    description: 'word '.repeat(20),
    inputSchema: { type: 'object', properties: { text: { type: 'string' } } },
  }))
  const text = Buffer.from(JSON.stringify(items))
  return { text, span: { start: 0, end: text.length } }
}

/** A call of nobody in particular. */
export function sampleCall(method: string, params: Readonly<Record<string, unknown>> = {}): Call {
  const text = Buffer.from(JSON.stringify({ params }))
  const base = { text, method, params: undefined, wellFormed: true } as const
  return {
    id: 'sample',
    message: method.startsWith('notifications/')
      ? { form: 'notification', ...base }
      : { form: 'request', id: '1', ...base },
    operation: operationOf(method, params, text),
    direction: 'to_server',
    principal: anonymous,
    claimed: { name: 'sample', version: '1' },
    server: 'sample',
    session: { id: 'sample', upstreamId: 'sample' },
    headers: { accept: 'application/json, text/event-stream', 'user-agent': 'sample' },
    requestIp: '192.0.2.1',
    protocol: '2025-11-25',
    time: 0,
    era: 'legacy',
  }
}

function operationOf(
  kind: string,
  params: Readonly<Record<string, unknown>>,
  text: Buffer,
): Operation {
  const { name, uri, arguments: args } = params
  if (typeof uri === 'string') return { type: 'resource', kind, uri }
  if (typeof name !== 'string') return { type: 'other', kind, params: spanIn(text, params) }
  const type = kind === 'prompts/get' ? 'prompt' : 'tool'
  return { type, kind, name, args: spanIn(text, args) }
}

function spanIn(text: Buffer, value: unknown) {
  const part = JSON.stringify(value)
  const start = text.indexOf(part)
  return { start, end: start + Buffer.byteLength(part) }
}

const sampleText = Buffer.from(
  JSON.stringify({ content: [{ type: 'text', text: 'word '.repeat(200) }], isError: false }),
)
const sampleResponse = {
  text: sampleText,
  span: { start: 0, end: sampleText.length },
  isError: false,
}
