import { hash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import type { Call } from '../domain/call.js'
import type { ListDecision } from '../domain/decision.js'
import { inputAt, type CallDescription } from '../domain/policy-input.js'
import type { Policy, PolicySource } from '../domain/ports.js'
import {
  createListMemory,
  type Announced,
  type KeptPage,
  type ListReader,
  type PageItems,
} from './list-memory.js'
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

export interface ListStream {
  readonly lists: readonly ListName[]
  readonly tell: (list: ListName) => void
}

export interface ListChangesParts {
  readonly policies: PolicySource
  readonly now: () => number
  /** About how much may be kept, bytes. */
  readonly maxBytes: number
}

/** Calls that wait meanwhile are not kept longer than this, milliseconds. */
const sliceMs = 5

export function createListChanges({ policies, now, maxBytes }: ListChangesParts): ListChanges {
  const memory = createListMemory(maxBytes)
  const open = new Map<string, Set<ListStream>>()
  let sweep: 'none' | 'running' | 'again' = 'none'

  /** Whether the pages that it was shown would be others now; whoever listens is told. */
  const check = (key: string): void => {
    const reader = memory.find(key)
    const streams = open.get(key)
    const state = policies.current()
    if (reader === undefined || streams === undefined || state.state !== 'active') return
    const wanted = new Set([...streams].flatMap(({ lists }) => lists))
    for (const list of changedFor(reader, wanted, state.policy, now())) tell(key, streams, list)
  }

  const checkAll = async (): Promise<void> => {
    if (sweep !== 'none') {
      sweep = 'again'
      return
    }
    do {
      sweep = 'running'
      let since = -Infinity
      for (const key of [...open.keys()]) {
        if (performance.now() - since > sliceMs) {
          await setImmediate()
          since = performance.now()
        }
        check(key)
      }
    } while (isAgain())
    sweep = 'none'
  }

  const isAgain = (): boolean => sweep === 'again'

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
      check(key)
    },
    open: (call, stream) => {
      const key = readerOf(call)
      const streams = open.get(key) ?? new Set()
      open.set(key, streams.add(stream))
      check(key)
      return () => {
        streams.delete(stream)
        if (streams.size === 0 && open.get(key) === streams) open.delete(key)
      }
    },
    policyChanged: () => void checkAll(),
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

const ofSession = 'session '

/** The legacy era wants each message on one stream of a session only; in the modern era every subscription is told. */
function tell(key: string, streams: ReadonlySet<ListStream>, list: ListName): void {
  const listening = [...streams].filter(({ lists }) => lists.includes(list))
  for (const stream of key.startsWith(ofSession) ? listening.slice(-1) : listening) {
    stream.tell(list)
  }
}

function changedFor(
  { pages }: ListReader,
  wanted: ReadonlySet<ListName>,
  policy: Policy,
  time: number,
): ReadonlySet<ListName> {
  const changed = new Set<ListName>()
  for (const page of pages.values()) {
    if (page.policyDigest === policy.digest || !wanted.has(page.list)) continue
    const shown = shownUnder(policy, page, time)
    if (shown !== page.shown) changed.add(page.list)
    page.shown = shown
    page.policyDigest = policy.digest
  }
  return changed
}

function shownUnder(policy: Policy, { description, items }: KeptPage, time: number): string {
  const { text, names } = items
  if (!policy.hooks.list) return digestOfShown(names, undefined)
  const span = { start: 0, end: text.length }
  return digestOfShown(
    names,
    policy.list(inputAt(description, { hook: 'list', time, items: { text, span } })),
  )
}

/** One text for one list as its reader is shown it; `decision` is undefined where policy hides nothing. */
export function digestOfShown(
  names: readonly string[],
  decision: ListDecision | undefined,
): string {
  if (decision?.effect === 'deny') return 'refused'
  const shown = new Set(decision?.names)
  const left = decision === undefined ? names : names.filter((name) => shown.has(name))
  return hash('sha256', JSON.stringify(left))
}

/** Longest description of a call that is kept, bytes. */
const longestKept = 64 * 1024

/** The description without what the call came with. */
function keptDescription({ call, text, timeText }: CallDescription): CallDescription | undefined {
  const { message, operation } = call
  if (text.length > longestKept || message.form !== 'request') return undefined
  const slim = {
    ...call,
    headers: {},
    message: { ...message, text: Buffer.alloc(0), params: undefined },
    operation: { type: 'other', kind: operation.kind, params: undefined },
  } as const
  return { call: slim, text: Buffer.from(text), timeText }
}
