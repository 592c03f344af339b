import { isJsonObject, type JsonObject, type JsonValue } from '../domain/json.js'
import type { CaseResponse, PolicyCase } from '../domain/policy-case.js'
import { caseOf, resultText } from '../policy/case-parts.js'

/** A call that is made on the command line, now. */
export function callTold(told: {
  readonly name: string
  readonly args: JsonObject
  readonly user: PolicyCase['user']
  readonly server: string
  readonly ip: string
  /** JSON text of an MCP result, or of what the tool returns; undefined where nothing is known of it. */
  readonly result?: string | undefined
  /** Whether a server is to be asked for it. */
  readonly isLive?: boolean
}): PolicyCase {
  const { name, args, user, server, ip, result } = told
  const response = told.isLive === true ? ({ type: 'live' } as const) : answerOf(result)
  const parts = {
    ...{ name, user, server },
    place: 'command line',
    hook: undefined,
    call: { method: 'tools/call', params: { name, arguments: args } },
    mode: 'enforce' as const,
    headers: {},
    request_ip: ip,
    time: new Date().toISOString(),
    tool: {},
    expect: {},
  }
  return { ...caseOf(parts), response }
}

/** As it is spelled, so that numbers stay exact. */
function answerOf(text: string | undefined): CaseResponse {
  if (text === undefined) return { type: 'none' }
  const result = JSON.parse(text) as JsonValue
  const isWhole =
    isJsonObject(result) &&
    (Array.isArray(result['content']) || isJsonObject(result['structuredContent']))
  return { type: 'given', text: isWhole ? text : resultText(result, text), isError: false }
}
