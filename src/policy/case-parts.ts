import type { z } from 'zod'
import { isJsonObject, type JsonObject, type JsonValue } from '../domain/json.js'
import type { CaseResponse, CaseTool, Expectation, PolicyCase } from '../domain/policy-case.js'
import { anonymous, type Principal } from '../domain/principal.js'
import type { answer, circumstances, ExpectationText, knownTool } from './case-parts-schema.js'

type Written<Shape extends z.ZodRawShape> = z.infer<z.ZodObject<Shape>>

export interface CaseParts
  extends Written<typeof circumstances>, Pick<Written<typeof answer>, 'response'> {
  readonly name: string
  readonly place: string
  readonly hook: PolicyCase['hook']
  readonly user: Principal
  readonly call: { readonly method: string; readonly params: Readonly<Record<string, unknown>> }
  readonly result?: unknown
  readonly tool: Written<typeof knownTool>
  readonly expect: Partial<ExpectationText>
}

/** The case that a file tells in its own words. */
export function caseOf(parts: CaseParts): PolicyCase {
  const { name, place, mode, hook, user, server, call, tool } = parts
  const expect = expectationOf(parts.expect)
  return {
    ...{ name, place, mode, hook, user, server },
    method: call.method,
    params: JSON.stringify(call.params),
    response: responseOf(parts, expect),
    tool: toolOf(tool),
    circumstances: {
      headers: Object.fromEntries(
        Object.entries(parts.headers).map(([header, value]) => [header.toLowerCase(), value]),
      ),
      time: Date.parse(parts.time),
      requestIp: parts.request_ip,
      claimed: parts.client,
      sessionId: parts.session,
    },
    expect,
  }
}

function expectationOf(written: Partial<ExpectationText>): Expectation {
  const { effect = 'allow', would, code, reason, layer } = written
  const { rules = [], warnings = [], trial = [], lists = [], hides = [] } = written
  return {
    ...{ effect, would, code, reason, layer, rules, warnings, trial, lists, hides },
    patchedArgs: written.patched_args as JsonValue | undefined,
    resultContains: written.result_contains ?? [],
    resultNotContains: written.result_not_contains ?? [],
  }
}

function responseOf(
  { response, result }: Pick<CaseParts, 'response' | 'result'>,
  expect: Expectation,
): CaseResponse {
  if (result !== undefined) return given(resultText(result as JsonValue))
  if (response === 'live') return { type: 'live' }
  if (response === undefined) return { type: asksForResult(expect) ? 'live' : 'none' }
  const { error } = response
  const isError = error !== undefined && Object.keys(response).length === 1
  return given(JSON.stringify(isError ? error : response), isError)
}

function given(text: string, isError = false): CaseResponse {
  return { type: 'given', text, isError }
}

/** The MCP result of a tool that returns this, as servers send it: as text, and an object as structured content too. */
export function resultText(result: JsonValue, json = JSON.stringify(result)): string {
  const text = typeof result === 'string' ? result : json
  const content = `"content":${JSON.stringify([{ type: 'text', text }])}`
  return isJsonObject(result) ? `{${content},"structuredContent":${json}}` : `{${content}}`
}

/** A dry run has a result without a server; whatever is refused has none. */
function asksForResult(expect: Expectation): boolean {
  const { effect, resultContains, resultNotContains, lists, hides } = expect
  return (
    effect === 'allow' &&
    [resultContains, resultNotContains, lists, hides].some(({ length }) => length > 0)
  )
}

function toolOf(written: Written<typeof knownTool>): CaseTool {
  return {
    outputSchema: written.output_schema as JsonObject | undefined,
    annotations: written.annotations as JsonObject | undefined,
    actionClass: written.action_class,
    dryRunArgument: written.dry_run_argument,
  }
}

export interface WrittenUser {
  readonly id: string
  readonly roles: readonly string[]
  readonly teams: readonly string[]
  readonly claims: Readonly<Record<string, unknown>>
}

/** Whoever has an id was verified; what is not known of a principal is a claim. */
export function principalOf(user: WrittenUser | undefined, via: Principal['via']): Principal {
  if (user === undefined) return anonymous
  const { id, roles, teams, claims, ...others } = user
  const allClaims = { ...claims, ...others } as JsonObject
  return { id, roles, teams, claims: allClaims, authenticated: true, via }
}
