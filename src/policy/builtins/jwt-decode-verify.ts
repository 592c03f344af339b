import type { RegoObject, RegoValue } from '../rego-value.js'
import type { Moment } from './builtin.js'
import { areClaimsMet } from './jwt-claims.js'
import { algorithmOf } from './jwt-algorithms.js'
import { base64UrlBytes } from './jwt-base64.js'
import { constraintsOf, constraintsCost, type Constraints } from './jwt-constraints.js'
import { suitableKeys } from './jwt-keys.js'
import { isSignedBy } from './jwt-signature.js'
import {
  headerOf,
  parametersOf,
  payloadOf,
  payloadText,
  readingCost,
  readToken,
  signedText,
  type Parameters,
  type Token,
} from './jwt-token.js'
import { asText } from './operands.js'

/** `io.jwt.decode_verify`: `[true, header, payload]`, or `[false, {}, {}]` where the token or a claim is not as required. */
export function decodeVerify(
  [first, second]: readonly RegoValue[],
  { timeNs }: Moment,
): RegoValue | undefined {
  const text = asText(first)
  const constraints = constraintsOf(second, timeNs)
  if (text === undefined || constraints === undefined) return undefined
  const innermost = verifyAll(text, constraints)
  if (innermost === undefined || innermost === 'unverified') return innermost && unverified
  const payload = payloadOf(innermost.token)
  const met = payload === undefined ? undefined : areClaimsMet(payload, constraints)
  if (payload === undefined || met === undefined) return undefined
  return met ? [true, innermost.header, payload] : unverified
}

/** What it takes at most, nanoseconds: every token within a token is verified. */
export function decodeVerifyCost(bytes: number, [first, second]: readonly RegoValue[]): number {
  return readingCost(bytes) + constraintsCost(second) * levelsOf(asText(first) ?? '')
}

const nothing: RegoObject = { type: 'object', entries: [] }
const unverified: RegoValue = [false, nothing, nothing]

interface Verified {
  readonly token: Token
  readonly header: RegoObject
}

/** The innermost token, all signatures around it being right; undefined where one of the tokens cannot be read. */
function verifyAll(
  outermost: string,
  constraints: Constraints,
): Verified | 'unverified' | undefined {
  for (let text: string | undefined = outermost; text !== undefined;) {
    const opened = openToken(text)
    const verified = opened === undefined ? undefined : isVerified(opened, constraints)
    if (opened === undefined || verified === undefined) return undefined
    if (!verified) return 'unverified'
    if (!isNested(opened.parameters)) return opened
    text = payloadText(opened.token)
  }
  return undefined
}

interface OpenedToken extends Verified {
  readonly parameters: Parameters
}

function openToken(text: string): OpenedToken | undefined {
  const token = readToken(text)
  const header = token === undefined ? undefined : headerOf(token)
  const parameters = header === undefined ? undefined : parametersOf(header)
  if (token === undefined || header === undefined || parameters === undefined) return undefined
  return { token, header, parameters }
}

/** Undefined where the signature cannot be read. */
function isVerified(
  { token, parameters }: OpenedToken,
  constraints: Constraints,
): boolean | undefined {
  if (!parameters.valid) return false
  if (constraints.alg !== '' && constraints.alg !== parameters.alg) return false
  const algorithm = algorithmOf(parameters.alg)
  const signature = base64UrlBytes(token.signature)
  if (signature === undefined || algorithm === undefined) return signature && false
  return suitableKeys(constraints.keys, parameters).some((key) =>
    isSignedBy(key, algorithm, signedText(token), signature, 'strict'),
  )
}

function isNested({ cty }: Parameters): boolean {
  return cty.toUpperCase() === 'JWT'
}

function levelsOf(outermost: string): number {
  let levels = 1
  for (let text: string | undefined = outermost; text !== undefined; levels += 1) {
    const opened = openToken(text)
    if (opened === undefined || !isNested(opened.parameters)) return levels
    text = payloadText(opened.token)
  }
  return levels
}
