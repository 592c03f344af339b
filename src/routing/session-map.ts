import { isJsonObject } from '../domain/json.js'

/** The session of a client at one of the servers. */
export interface Seat {
  /** As the server issued it; undefined for one that keeps no sessions. */
  readonly id: string | undefined
  /** The revision that it agreed to; '' in the modern era, where each request says its own. */
  readonly protocol: string
  /** Its capabilities of which requests depend, one letter each. */
  readonly offers: string
}

export type Seats = ReadonlyMap<string, Seat>

/**
 * The sessions of a client at several servers as one session id, before it is sealed. @param nonce tells two clients of
 * servers without sessions apart
 */
export function writeSessionMap(seats: Seats, nonce: string): string {
  const servers = [...seats].map(([name, { id, protocol, offers }]) => [
    name,
    [id ?? null, protocol, offers],
  ])
  return JSON.stringify({ v: 1, n: nonce, s: Object.fromEntries(servers) as unknown })
}

/** Undefined for a text that this version did not write. */
export function readSessionMap(text: string): Seats | undefined {
  try {
    const value: unknown = JSON.parse(text)
    if (!isJsonObject(value) || value['v'] !== 1 || !isJsonObject(value['s'])) return undefined
    const seats = new Map<string, Seat>()
    for (const [name, entry] of Object.entries(value['s'])) {
      if (!Array.isArray(entry)) return undefined
      const [id, protocol, offers] = entry as readonly unknown[]
      if (typeof protocol !== 'string' || typeof offers !== 'string') return undefined
      seats.set(name, { id: typeof id === 'string' ? id : undefined, protocol, offers })
    }
    return seats
  } catch {
    return undefined
  }
}

/** By capability. */
const letters: ReadonlyMap<string, string> = new Map([
  ['tools', 't'],
  ['prompts', 'p'],
  ['resources', 'r'],
  ['logging', 'l'],
  ['tasks', 'k'],
])

export function offersOf(capabilities: Readonly<Record<string, unknown>>): string {
  const offered = [...letters].filter(([name]) => capabilities[name] !== undefined)
  return offered.map(([, letter]) => letter).join('')
}

/** Whether a server has anything to say to this method, as far as its capabilities tell. */
export function offers({ offers: offered, protocol }: Seat, method: string): boolean {
  const letter = letters.get(needs.get(method) ?? '')
  return protocol === '' || letter === undefined || offered.includes(letter)
}

const needs: ReadonlyMap<string, string> = new Map([
  ['tools/list', 'tools'],
  ['prompts/list', 'prompts'],
  ['resources/list', 'resources'],
  ['resources/templates/list', 'resources'],
  ['tasks/list', 'tasks'],
  ['logging/setLevel', 'logging'],
])
