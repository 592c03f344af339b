import { isJsonObject } from '../domain/json.js'

/** A JSON-RPC error as a client has it. */
export interface Refusal {
  readonly code: number
  readonly message: string
  readonly data?: unknown
}

/** What a refused caller was told, a line for each thing. */
export function refusalText({ code, message, data }: Refusal): string {
  const told = isJsonObject(data) ? data : {}
  const lines = [
    `refused: ${message.replace(/^MCP error -?[0-9]+: /, '')} (${code})`,
    ...toldMembers.flatMap(([member, name]) => {
      const value = told[member]
      return typeof value === 'string' && value !== '' ? [`${name}: ${value}`] : []
    }),
    ...(told['forwarded'] === true
      ? ['the call was carried out; only its result is withheld']
      : []),
  ]
  return `${lines.join('\n')}\n`
}

const toldMembers = [
  ['reason', 'reason'],
  ['rule', 'rule'],
  ['remedy', 'remedy'],
  ['decision_id', 'decision'],
  ['revision', 'revision'],
] as const

/**
 * A `fetch` for MCP clients that read no JSON-RPC error out of a 4xx or 5xx: they get it with status 200,
 * with all that it says.
 */
export async function revealRefusals(url: string | URL, init?: RequestInit): Promise<Response> {
  const response = await fetch(url, init)
  if (response.ok || init?.method !== 'POST') return response
  const text = await response.text()
  const headers = new Headers(response.headers)
  headers.delete('content-length')
  headers.delete('content-encoding')
  const status = answersRequest(text) ? 200 : response.status
  return new Response(text, { status, headers })
}

function answersRequest(text: string): boolean {
  try {
    const body: unknown = JSON.parse(text)
    const hasId = isJsonObject(body) && ['string', 'number'].includes(typeof body['id'])
    return hasId && isJsonObject(body['error'])
  } catch {
    return false
  }
}
