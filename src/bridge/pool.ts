import { hash } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { Call } from '../domain/call.js'
import { GatewayError } from '../domain/errors.js'
import type { Message } from '../domain/message.js'
import type { BridgeParts } from './bridge-parts.js'
import type { Exchange } from './exchange.js'
import { openServerSession, type ServerSession } from './server-session.js'

/** Sessions at a legacy server, each for the calls of one principal with one client. */
export interface Pool {
  /** A session in which no call with this id is under way, of its own where there is room; and a hold on it. */
  lease(terms: ClientTerms, id: string, exchange: Exchange): Promise<Lease>
  /** Any session, and a hold on it for somebody who makes no calls in it. */
  hold(terms: ClientTerms): Promise<Lease>
  /** Forgets a session that the server has lost. */
  drop(session: ServerSession): void
  /** Ends all sessions; resolves when the server knows, or takes too long to hear it. */
  close(): Promise<void>
}

/** Whom a session is held for. */
export interface ClientTerms {
  readonly origin: Call
  /** What the client can do and what it calls itself: JSON texts. */
  readonly capabilities: string
  readonly clientInfo: string
  /** What a server says on its own stream. */
  readonly heard: (session: ServerSession, message: Message) => void
}

export interface Lease {
  readonly session: ServerSession
  release(): void
}

interface Member {
  readonly session: ServerSession
  holds: number
  idle: NodeJS.Timeout | undefined
}

interface Group {
  readonly members: Set<Member>
  opening: number
}

const longestGoodbyeMs = 1_000

export function createPool(parts: BridgeParts): Pool {
  const { limits } = parts
  const groups = new Map<string, Group>()
  let count = 0

  const remove = (key: string, member: Member): void => {
    clearTimeout(member.idle)
    const group = groups.get(key)
    if (group?.members.delete(member) !== true) return
    count -= 1
    if (group.members.size + group.opening === 0) groups.delete(key)
  }
  const lose = (key: string, member: Member): void => {
    remove(key, member)
    member.session.lose()
  }
  const end = (key: string, member: Member): Promise<void> => {
    remove(key, member)
    return member.session.end()
  }

  const hold = (key: string, member: Member, id?: string, exchange?: Exchange): Lease => {
    clearTimeout(member.idle)
    member.holds += 1
    const { exchanges } = member.session
    if (id !== undefined && exchange !== undefined) exchanges.set(id, exchange)
    let held = true
    return {
      session: member.session,
      release: () => {
        if (!held) return
        held = false
        member.holds -= 1
        if (id !== undefined) exchanges.delete(id)
        if (member.holds > 0 || groups.get(key)?.members.has(member) !== true) return
        member.idle = setTimeout(() => void end(key, member), limits.idleMs)
        member.idle.unref()
      },
    }
  }

  const begin = async (
    key: string,
    group: Group,
    terms: ClientTerms,
    id?: string,
    exchange?: Exchange,
  ): Promise<Lease> => {
    group.opening += 1
    count += 1
    let member: Member | undefined
    try {
      const session = await openServerSession(
        {
          ...terms,
          heard: (message) => {
            if (member !== undefined) terms.heard(member.session, message)
          },
          lost: () => {
            if (member !== undefined) lose(key, member)
          },
        },
        parts,
      )
      member = { session, holds: 0, idle: undefined }
      group.members.add(member)
      groups.set(key, group)
      // At once: no other call may take it for an idle one.
      return hold(key, member, id, exchange)
    } catch (thrown) {
      count -= 1
      throw thrown
    } finally {
      group.opening -= 1
      if (group.members.size + group.opening === 0) groups.delete(key)
    }
  }

  /** Makes room by ending a session that nobody uses. */
  const evict = (): boolean => {
    for (const [key, { members }] of groups) {
      for (const member of members) {
        if (member.holds > 0) continue
        void end(key, member)
        return true
      }
    }
    return false
  }

  const groupOf = (key: string): Group => {
    const group = groups.get(key) ?? { members: new Set(), opening: 0 }
    groups.set(key, group)
    return group
  }
  const refuse = (): never => {
    throw new GatewayError('upstream_unavailable', 'Too many calls are under way: call again', {
      reached: 'nobody',
    })
  }
  const hasRoom = (): boolean => count < limits.sessions || evict()

  return {
    lease: async (terms, id, exchange) => {
      const key = keyOf(terms)
      const group = groupOf(key)
      const free = [...group.members].filter(({ session }) => !session.exchanges.has(id))
      const idle = free.find(({ session }) => session.exchanges.size === 0)
      if (idle !== undefined) return hold(key, idle, id, exchange)
      const mayHaveMore = group.members.size + group.opening < limits.sessionsPerClient
      if (mayHaveMore && hasRoom()) {
        return begin(key, group, terms, id, exchange)
      }
      const [least] = free.sort((a, b) => a.session.exchanges.size - b.session.exchanges.size)
      return least === undefined ? refuse() : hold(key, least, id, exchange)
    },
    hold: async (terms) => {
      const key = keyOf(terms)
      const group = groupOf(key)
      const [any] = group.members
      if (any !== undefined) return hold(key, any)
      return hasRoom() ? begin(key, group, terms) : refuse()
    },
    drop: (session) => {
      for (const [key, { members }] of groups) {
        for (const member of members) if (member.session === session) lose(key, member)
      }
    },
    close: async () => {
      const ends = [...groups].flatMap(([key, { members }]) =>
        [...members].map((member) => end(key, member)),
      )
      await Promise.race([Promise.all(ends), pause(longestGoodbyeMs, undefined, { ref: false })])
    },
  }
}

/** Never the same for two principals, nor for two of the tokens that are passed through. */
export function keyOf({ origin, capabilities, clientInfo }: Omit<ClientTerms, 'heard'>): string {
  const token = origin.headers['authorization'] ?? ''
  const text = JSON.stringify([origin.principal.id, token, capabilities, clientInfo])
  return hash('sha256', text)
}
