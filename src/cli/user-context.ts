import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { anonymous } from '../domain/principal.js'
import { CommandError } from './command.js'
import type { JsonObject } from '../domain/json.js'
import type { Principal } from '../domain/principal.js'

/**
 * Reads who is calling, from JSON or from `@file`. Members beside `id`, `roles`, `teams` and `claims` are claims too.
 * @throws CommandError 2
 */
export function readUserContext(given: string | undefined): Principal {
  if (given === undefined) return anonymous
  const parsed = userContext.safeParse(parseJson(textOf(given)))
  if (!parsed.success) {
    throw new CommandError(
      2,
      '--user-context has to be a JSON object such as {"id": "alice@org", "roles": ["dev"], "teams": ["core"]}',
    )
  }
  const { id, roles, teams, claims, ...others } = parsed.data
  const allClaims = { ...claims, ...others } as JsonObject
  return { id, roles, teams, claims: allClaims, authenticated: true, via: 'trusted-headers' }
}

/**
 * The headers in which a trusted proxy says who is calling.
 * @throws CommandError 2 where headers cannot carry it
 */
export function identityHeaders(user: Principal): Readonly<Record<string, string>> {
  if (!user.authenticated) return {}
  const withComma = [...user.roles, ...user.teams].find((name) => name.includes(','))
  if (withComma !== undefined) {
    throw new CommandError(2, `"${withComma}" cannot be sent: a comma separates roles and teams`)
  }
  const claims = Buffer.from(JSON.stringify(user.claims)).toString('base64url')
  const headers = [
    ['X-Forwarded-User', user.id],
    ['X-Forwarded-Roles', user.roles.join(',')],
    ['X-Forwarded-Teams', user.teams.join(',')],
    ['X-Forwarded-Claims', Object.keys(user.claims).length === 0 ? '' : claims],
  ].filter(([, value]) => value !== '') as [string, string][]
  if (headers.some(([, value]) => /\p{Cc}/u.test(value))) {
    throw new CommandError(2, '--user-context cannot be sent: it has a control character in it')
  }
  return Object.fromEntries(headers.map(([name, value]) => [name, utf8Header(value)]))
}

/** `fetch` takes one character a byte; the gateway reads the bytes as UTF-8. */
function utf8Header(value: string): string {
  return Buffer.from(value).toString('latin1')
}

const userContext = z.looseObject({
  id: z.string().min(1).default('local'),
  roles: z.array(z.string()).default([]),
  teams: z.array(z.string()).default([]),
  claims: z.record(z.string(), z.unknown()).default({}),
})

function textOf(given: string): string {
  if (!given.startsWith('@')) return given
  try {
    return readFileSync(given.slice(1), 'utf8')
  } catch {
    throw new CommandError(2, `The file ${given.slice(1)} of --user-context cannot be read`)
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
