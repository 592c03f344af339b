import type { RegoObject, RegoValue } from '../rego-value.js'
import { isRegoArray } from '../rego-text.js'
import { handlingCost } from './handling-cost.js'
import { isRegoObject, memberOf, parseJson, textOfBytes } from './json-value.js'
import { base64UrlBytes } from './jwt-base64.js'

/** A token in the compact form of RFC 7515, its parts as they were written. */
export interface Token {
  readonly header: string
  readonly payload: string
  readonly signature: string
}

export function readToken(text: string): Token | undefined {
  const [header, payload, signature, ...more] = text.split('.', 4)
  if (header === undefined || payload === undefined || signature === undefined) return undefined
  return more.length === 0 ? { header, payload, signature } : undefined
}

/**
 * What decoding, parsing and hashing a token takes at most, nanoseconds. Of tokens within tokens all are decoded, each
 * shorter by a quarter than the one around it, and one is parsed.
 */
export function readingCost(bytes: number): number {
  return 15_000 + bytes * 40 + handlingCost(bytes)
}

/** What the signature is over. */
export function signedText({ header, payload }: Token): string {
  return `${header}.${payload}`
}

export function headerOf(token: Token): RegoObject | undefined {
  const header = objectOf(token.header)
  // An encrypted token (RFC 7516, section 9), which nobody reads here.
  return header !== undefined && memberOf(header, 'enc') === undefined ? header : undefined
}

export function payloadOf(token: Token): RegoObject | undefined {
  return objectOf(token.payload)
}

/** The payload where it is text itself, such as a token within a token. */
export function payloadText({ payload }: Token): string | undefined {
  const bytes = base64UrlBytes(payload)
  return bytes === undefined ? undefined : textOfBytes(bytes)
}

function objectOf(part: string): RegoObject | undefined {
  const bytes = base64UrlBytes(part)
  const value = bytes === undefined ? undefined : parseJson(textOfBytes(bytes))
  return isRegoObject(value) ? value : undefined
}

/** The parameters of a header that decide how it is verified (RFC 7515, section 4.1). */
export interface Parameters {
  readonly alg: string
  readonly kid: string
  readonly cty: string
  /** False where no algorithm is named, or where it must be understood what is not. */
  readonly valid: boolean
}

/** Undefined where a parameter is not of its type. */
export function parametersOf(header: RegoObject): Parameters | undefined {
  const [alg, kid, typ, cty] = ['alg', 'kid', 'typ', 'cty'].map((name) => textMember(header, name))
  const critical = criticalNames(memberOf(header, 'crit'))
  if (alg === undefined || kid === undefined || typ === undefined || cty === undefined)
    return undefined
  if (critical === undefined) return undefined
  const isHeld = (name: string): boolean => memberOf(header, name) !== undefined
  const valid = alg !== '' && !critical.some((name) => !understood.has(name) && isHeld(name))
  return { alg, kid, cty, valid }
}

const understood = new Set(['alg', 'kid', 'typ', 'cty', 'crit'])

function textMember(header: RegoObject, name: string): string | undefined {
  const value = memberOf(header, name) ?? defaultOf(header, name)
  return typeof value === 'string' ? value : undefined
}

// Null is a value of a wrong type, absence is none.
function defaultOf(header: RegoObject, name: string): string | undefined {
  return header.entries.some(([key]) => key === name) ? undefined : ''
}

/** The names up to the first that is no text, as OPA reads them; there must be one. */
function criticalNames(value: RegoValue | undefined): readonly string[] | undefined {
  if (value === undefined) return []
  if (!isRegoArray(value)) return undefined
  const end = value.findIndex((name) => typeof name !== 'string')
  const names = (end === -1 ? value : value.slice(0, end)).filter(
    (name) => typeof name === 'string',
  )
  return names.length === 0 ? undefined : names
}
