import { isRegoNumber } from '../rego-number.js'
import type { RegoValue } from '../rego-value.js'
import { isRegoObject, memberOf, numberAsDouble } from './json-value.js'
import { keysCost, openKeys, type OpenKey } from './jwt-keys.js'

/** What `io.jwt.decode_verify` requires of a token; an empty text requires nothing. */
export interface Constraints {
  readonly keys: readonly OpenKey[]
  readonly alg: string
  readonly iss: string
  readonly aud: string
  /** Seconds since the epoch. */
  readonly now: number
}

/** Undefined where a constraint is not known or not of its type, or where there is not exactly one of `cert` and `secret`. */
export function constraintsOf(
  value: RegoValue | undefined,
  timeNs: bigint,
): Constraints | undefined {
  if (!isRegoObject(value) || value.entries.some(([name]) => !isKnown(name))) return undefined
  const [cert, secret = '', alg = '', iss = '', aud = ''] = texts.map((name) =>
    memberOf(value, name),
  )
  const timeOfCheck = nanoseconds(memberOf(value, 'time') ?? timeNs)
  if (typeof secret !== 'string' || typeof alg !== 'string') return undefined
  if (typeof iss !== 'string' || typeof aud !== 'string' || timeOfCheck === undefined)
    return undefined
  const keys = keysOf(cert, secret)
  return keys === undefined ? undefined : { keys, alg, iss, aud, now: timeOfCheck / 1e9 }
}

/** What verifying one token takes at most, nanoseconds. */
export function constraintsCost(value: RegoValue | undefined): number {
  const cert = isRegoObject(value) ? memberOf(value, 'cert') : undefined
  return typeof cert === 'string' ? keysCost(cert) : 0
}

const texts = ['cert', 'secret', 'alg', 'iss', 'aud']

function isKnown(name: RegoValue): boolean {
  return typeof name === 'string' && (name === 'time' || texts.includes(name))
}

function nanoseconds(value: RegoValue): number | undefined {
  const time = isRegoNumber(value) ? numberAsDouble(value) : undefined
  return time !== undefined && time >= 0 && Number.isFinite(time) ? time : undefined
}

function keysOf(cert: RegoValue | undefined, secret: string): readonly OpenKey[] | undefined {
  if (typeof cert === 'string') return secret === '' ? openKeys(cert) : undefined
  if (cert !== undefined || secret === '') return undefined
  const material = { kind: 'secret', secret: Buffer.from(secret), cost: 0 } as const
  return [{ alg: '', kid: '', material, key: undefined }]
}
