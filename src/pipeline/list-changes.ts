import { hash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import type { Call } from '../domain/call.js'
import type { CallDescription } from '../domain/policy-input.js'
import type { Policy, PolicySource } from '../domain/ports.js'
import { createListChecks, ofSession, type ListStream } from './list-checks.js'
import { createListMemory, type Announced, type PageItems } from './list-memory.js'
import type { ListName } from './list-methods.js'

/**
 * Keeps what clients were shown of lists, and tells those with an open stream when another policy shows them something
 * else: once, and nobody of whose list it cannot say so.
 */
export interface ListChanges {
  /** What a handshake said: `issued` is the id of the session that it began. */
  announced(call: Call, issued: string | undefined, announced: Announced): void
  /** What its handshake told the client of whom this is. */
  announcedTo(call: Call): Announced
  listed(call: Call, page: ShownPage, policy: Policy): void
  /** A stream on which `tell` reaches the client; gives what ends that. */
  open(call: Call, stream: ListStream): () => void
  policyChanged(): void
}

/** A page as a client was shown it. */
export interface ShownPage {
  readonly list: ListName
  readonly cursor: string
  readonly description: CallDescription
  readonly items: PageItems
  readonly shown: string
}

export interface ListChangesParts {
  readonly policies: PolicySource
  readonly now: () => number
  /** About how much may be kept, bytes. */
  readonly maxBytes: number
}

export function createListChanges({ policies, now, maxBytes }: ListChangesParts): ListChanges {
  const memory = createListMemory(maxBytes)
  const open = new Map<string, Set<ListStream>>()
  const checks = createListChecks({ memory, open, policies, now })
  let isSweepDue = false

  /** Several changes in one turn are one. */
  const sweep = async (): Promise<void> => {
    if (isSweepDue) return
    isSweepDue = true
    await setImmediate()
    isSweepDue = false
    checks.check(open.keys())
  }

  return {
    announced: (call, issued, announced) => {
      // A front door may know its one session before the server has named any.
      for (const id of new Set([issued, call.session?.upstreamId])) {
        if (id !== undefined) memory.reader(readerIn(call.server, id)).announced = announced
      }
      if (issued === undefined && call.session === undefined) {
        memory.reader(readerOf(call)).announced = announced
      }
    },
    announcedTo: (call) => memory.find(readerOf(call))?.announced ?? nothing,
    listed: (call, { list, cursor, description, items, shown }, policy) => {
      const kept = keptDescription(description)
      if (kept === undefined) return
      const key = readerOf(call)
      const { kind } = call.operation
      const { digest: policyDigest } = policy
      memory.keep(key, { list, kind, cursor, description: kept, items, shown, policyDigest })
      // It may have been on its way while the policy changed.
      checks.check([key])
    },
    open: (call, stream) => {
      const key = readerOf(call)
      const streams = open.get(key) ?? new Set()
      open.set(key, streams.add(stream))
      checks.check([key])
      return () => {
        streams.delete(stream)
        if (streams.size === 0 && open.get(key) === streams) open.delete(key)
      }
    },
    policyChanged: () => void sweep(),
  }
}

const nothing: Announced = { lists: [], own: [] }

/**
 * Whose list it is. A session is one client. Without one, as in the modern era, it is whoever has the same verified
 * identity and says that it is the same program; of those nobody knows, only at the same address. Two clients that are
 * told apart by none of this share what they were shown: one may then be told of a change to a list that only the other
 * asked for.
 */
function readerOf({ server, session, principal, claimed, requestIp, era }: Call): string {
  if (session !== undefined) return readerIn(server, session.upstreamId)
  // Of the legacy era only the handshake says which program it is.
  const program = era === 'modern' ? [claimed?.name, claimed?.version] : []
  const place = principal.authenticated ? [] : [requestIp]
  return hash('sha256', JSON.stringify([server, era, principal.id, program, place]))
}

function readerIn(server: string, sessionId: string): string {
  return `${ofSession}${hash('sha256', JSON.stringify([server, sessionId]))}`
}

/** Longest description of a call that is kept, bytes. */
const longestKept = 64 * 1024

/** The description without what the call came with. */
function keptDescription(description: CallDescription): CallDescription | undefined {
  const { call, text } = description
  const { message, operation } = call
  if (text.length > longestKept || message.form !== 'request') return undefined
  const slim = {
    ...call,
    headers: {},
    message: { ...message, text: Buffer.alloc(0), params: undefined },
    operation: { type: 'other', kind: operation.kind, params: undefined },
  } as const
  return { ...description, call: slim, text: Buffer.from(text) }
}
