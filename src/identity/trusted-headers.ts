import { isUtf8 } from 'node:buffer'
import { GatewayError } from '../domain/errors.js'
import { isJsonObject, type JsonObject } from '../domain/json.js'
import type { Presented } from '../domain/ports.js'
import { anonymous, type Principal } from '../domain/principal.js'

export const identityHeaders = [
  'x-forwarded-user',
  'x-forwarded-roles',
  'x-forwarded-teams',
  'x-forwarded-claims',
] as const

/**
 * The principal that a trusted proxy names; anonymous where it names none.
 * @throws GatewayError `unauthenticated` where the claims cannot be read
 */
export function principalFrom(headers: Presented['headers']): Principal {
  const id = decode(headers['x-forwarded-user'] ?? '').trim()
  if (id === '') return anonymous
  return {
    id,
    roles: list(headers['x-forwarded-roles']),
    teams: list(headers['x-forwarded-teams']),
    authenticated: true,
    via: 'trusted-headers',
    claims: claims(headers['x-forwarded-claims']),
  }
}

function list(value: string | undefined): readonly string[] {
  if (value === undefined) return []
  return decode(value)
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
}

// Node reads header bytes as Latin-1; proxies write names in UTF-8. Anything else could make two names one.
function decode(value: string): string {
  const bytes = Buffer.from(value, 'latin1')
  if (!isUtf8(bytes)) throw new GatewayError('unauthenticated', 'An identity header is not UTF-8')
  return bytes.toString('utf8')
}

function claims(value: string | undefined): JsonObject {
  if (value === undefined || value === '') return {}
  try {
    const parsed: unknown = JSON.parse(Buffer.from(value, 'base64url').toString('utf8'))
    if (isJsonObject(parsed)) return parsed
  } catch (cause) {
    throw new GatewayError('unauthenticated', 'X-Forwarded-Claims is not base64url JSON', { cause })
  }
  throw new GatewayError('unauthenticated', 'X-Forwarded-Claims is not a JSON object')
}
