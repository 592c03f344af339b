import { setImmediate } from 'node:timers/promises'
import type { PolicySource } from '../domain/ports.js'
import type { KeptPage, ListMemory } from './list-memory.js'
import type { ListName } from './list-methods.js'
import { shownUnder } from './list-shown.js'

/** Compares what readers were shown with what the policy in force shows them, and tells those who listen. */
export interface ListChecks {
  /** Checks these readers: at once, or behind those that are being checked. */
  check(keys: Iterable<string>): void
}

export interface ListStream {
  readonly lists: readonly ListName[]
  readonly tell: (list: ListName) => void
}

export interface ListChecksParts {
  readonly memory: Pick<ListMemory, 'find'>
  /** The streams that are open, by reader. */
  readonly open: ReadonlyMap<string, ReadonlySet<ListStream>>
  readonly policies: PolicySource
  readonly now: () => number
}

/** With this begins the key of a reader that is a session. */
export const ofSession = 'session '

/** Calls that wait meanwhile are kept no longer than this and one page, milliseconds. */
const sliceMs = 5

export function createListChecks({ memory, open, policies, now }: ListChecksParts): ListChecks {
  const unchecked = new Set<string>()
  let isAtWork = false

  const work = async (): Promise<void> => {
    isAtWork = true
    let since = performance.now()
    for (const key of unchecked) {
      unchecked.delete(key)
      const told = new Set<ListName>()
      for (const page of memory.find(key)?.pages.values() ?? []) {
        const listening = listeningTo(page.list, open.get(key))
        if (listening.length > 0 && isNews(page) && !told.has(page.list)) {
          told.add(page.list)
          tell(key, listening, page.list)
        }
        if (performance.now() - since <= sliceMs) continue
        await setImmediate()
        since = performance.now()
      }
    }
    isAtWork = false
  }

  /** Whether the page is shown otherwise now than when this was last asked. */
  const isNews = (page: KeptPage): boolean => {
    const state = policies.current()
    if (state.state !== 'active' || state.policy.digest === page.policyDigest) return false
    const before = page.shown
    page.shown = shownUnder(state.policy, page, now())
    page.policyDigest = state.policy.digest
    return page.shown !== before
  }

  return {
    check: (keys) => {
      for (const key of keys) unchecked.add(key)
      if (!isAtWork) void work()
    },
  }
}

function listeningTo(
  list: ListName,
  streams: ReadonlySet<ListStream> | undefined,
): readonly ListStream[] {
  return streams === undefined ? [] : [...streams].filter(({ lists }) => lists.includes(list))
}

/** The legacy era wants each message on one stream of a session only; in the modern era every subscription is told. */
function tell(key: string, listening: readonly ListStream[], list: ListName): void {
  for (const stream of key.startsWith(ofSession) ? listening.slice(-1) : listening) {
    stream.tell(list)
  }
}
