import type { Call } from '../domain/call.js'
import type { PolicyCase } from '../domain/policy-case.js'
import { policyInput, type PolicyInput } from '../domain/policy-input.js'
import { readMessage } from './message.js'
import { methodRow } from './methods.js'
import { readOperation } from './operation.js'

/**
 * What policy is asked in a case.
 * @throws GatewayError where the method's own members are missing from the case's params
 */
export function inputOfCase(policyCase: PolicyCase): PolicyInput {
  const { hook, time, response } = policyCase
  const input = { call: callOf(policyCase), hook, time, inputHeaders: 'all' } as const
  if (response === undefined) return policyInput(input)
  const text = Buffer.from(response.text)
  const span = { start: 0, end: text.length }
  return policyInput({ ...input, response: { text, span, isError: response.isError } })
}

function callOf({ method, params, user, server, headers, time }: PolicyCase): Call {
  const row = methodRow(method)
  const isNotification = (row?.form ?? 'request') === 'notification'
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
    claimed: undefined,
    server,
    session: undefined,
    headers,
    requestIp: '127.0.0.1',
    protocol: '2025-11-25',
    time,
    era: 'legacy',
  }
}
