import type { ActionClass } from '../domain/action-class.js'
import type { Call } from '../domain/call.js'
import type { PolicyCase } from '../domain/policy-case.js'
import {
  createCallDescriber,
  inputAt,
  type CallDescription,
  type PolicyInput,
} from '../domain/policy-input.js'
import { readMessage } from './message.js'
import { methodRow } from './methods.js'
import { readOperation } from './operation.js'

/**
 * What policy is asked in a case, hook by hook, as far as there is a response.
 * @throws GatewayError where the method's own members are missing from the case's params
 */
export function inputsOfCase(policyCase: PolicyCase): readonly PolicyInput[] {
  const { hook, response, circumstances, tool } = policyCase
  const { time } = circumstances
  const described = describeCase(policyCase, callOfCase(policyCase), tool.actionClass ?? 'unknown')
  const before = hook === 'post' ? [] : [inputAt(described, { hook: 'pre', time })]
  if (response.type !== 'given') return before
  const text = Buffer.from(response.text)
  const judged = { text, span: { start: 0, end: text.length }, isError: response.isError }
  return [...before, inputAt(described, { hook: 'post', time, response: judged })]
}

function describeCase({ tool }: PolicyCase, call: Call, actionClass: ActionClass): CallDescription {
  const annotations = JSON.stringify(tool.annotations ?? {})
  return createCallDescriber('all', () => ({ annotations, actionClass }))(call)
}

/** @throws GatewayError where the method's own members are missing from the case's params */
export function callOfCase({ method, params, user, server, circumstances }: PolicyCase): Call {
  const { headers, time, requestIp, claimed, sessionId } = circumstances
  const row = methodRow(method)
  const isNotification = row?.form === 'notification'
  const id = isNotification ? '' : '"id":1,'
  const head = `{"jsonrpc":"2.0",${id}"method":${JSON.stringify(method)}`
  const message = readMessage(Buffer.from(`${head},"params":${params}}`))
  if (message.form === 'response')
    throw new TypeError('A text with a method was read as a response')
  return {
    id: 'case',
    message,
    operation: readOperation(message),
    direction: row?.direction === 'to_client' ? 'to_client' : 'to_server',
    principal: user,
    claimed,
    server,
    session: sessionId === undefined ? undefined : { id: sessionId, upstreamId: sessionId },
    headers,
    requestIp,
    protocol: '2025-11-25',
    time,
    era: 'legacy',
  }
}
