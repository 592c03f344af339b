import { hash } from 'node:crypto'
import type { CallDescription } from '../domain/policy-input.js'
import type { ListName } from './list-methods.js'

/** What readers were shown of lists. Bounded: whoever listed longest ago is forgotten first. */
export interface ListMemory {
  /** What is known of a reader; `find` does not make it known. */
  reader(key: string): ListReader
  find(key: string): ListReader | undefined
  keep(key: string, page: SeenPage): void
}

export interface ListReader {
  /** Lists of which this reader was told that it will hear of changes, and those of them that only the gateway said so of. */
  announced: Announced
  readonly pages: ReadonlyMap<string, KeptPage>
}

export interface Announced {
  readonly lists: readonly ListName[]
  readonly own: readonly ListName[]
}

export interface SeenPage {
  readonly list: ListName
  readonly kind: string
  /** As spelled in the request; '' for the first page, with which a listing begins anew. */
  readonly cursor: string
  readonly description: CallDescription
  readonly items: PageItems
  /** Digest of what was shown, and of the policy that said so. */
  readonly shown: string
  readonly policyDigest: string
}

export interface PageItems {
  /** The array as it came. */
  readonly text: Buffer
  readonly names: readonly string[]
}

export interface KeptPage extends SeenPage {
  shown: string
  policyDigest: string
}

/** A server may give its cursors as it likes. */
const mostPages = 256

/** @param maxBytes about how much may be kept of all readers together */
export function createListMemory(maxBytes: number): ListMemory {
  const readers = new Map<string, Kept>()
  const store = createItemStore()
  let bytes = 0

  const readerOf = (key: string): Kept => {
    const known = readers.get(key)
    if (known === undefined) bytes += readerBytes
    const reader = known ?? { announced: nothing, pages: new Map<string, KeptPage>() }
    readers.delete(key)
    readers.set(key, reader)
    return reader
  }

  const drop = (reader: Kept, pageKey: string): void => {
    const page = reader.pages.get(pageKey)
    if (page === undefined) return
    reader.pages.delete(pageKey)
    bytes -= bytesOf(page)
    store.give(page.items)
  }

  const trim = (): void => {
    for (const [key, reader] of readers) {
      if (bytes + store.bytes() <= maxBytes) return
      for (const pageKey of [...reader.pages.keys()]) drop(reader, pageKey)
      readers.delete(key)
      bytes -= readerBytes
    }
  }

  return {
    find: (key) => readers.get(key),
    reader: (key) => {
      const reader = readerOf(key)
      trim()
      return reader
    },
    keep: (key, seen) => {
      const reader = readerOf(key)
      const { kind, cursor } = seen
      for (const [pageKey, page] of reader.pages) {
        if (page.kind === kind && (cursor === '' || page.cursor === cursor)) drop(reader, pageKey)
      }
      const page = { ...seen, items: store.take(seen.items) }
      reader.pages.set(`${kind} ${cursor}`, page)
      bytes += bytesOf(page)
      const oldest = reader.pages.size > mostPages ? reader.pages.keys().next() : undefined
      if (oldest?.done === false) drop(reader, oldest.value)
      trim()
    },
  }
}

interface Kept extends ListReader {
  readonly pages: Map<string, KeptPage>
}

const nothing: Announced = { lists: [], own: [] }
const readerBytes = 500

function bytesOf({ description, cursor }: SeenPage): number {
  return description.text.length + 4 * cursor.length + 1_500
}

interface ItemStore {
  bytes(): number
  /** The same items, in one copy for all who were shown them. */
  take(items: PageItems): PageItems
  give(items: PageItems): void
}

function createItemStore(): ItemStore {
  const shelves = new Map<string, { readonly items: PageItems; uses: number }>()
  const keys = new Map<PageItems, string>()
  let bytes = 0
  return {
    bytes: () => bytes,
    take: ({ text, names }) => {
      const key = hash('sha256', text)
      const known = shelves.get(key)
      if (known !== undefined) {
        known.uses += 1
        return known.items
      }
      // A slice would keep alive whatever it was cut from.
      const items = { text: Buffer.from(text), names: structuredClone(names) }
      shelves.set(key, { items, uses: 1 })
      keys.set(items, key)
      bytes += sizeOf(items)
      return items
    },
    give: (items) => {
      const key = keys.get(items) ?? ''
      const shelf = shelves.get(key)
      if (shelf === undefined) return
      shelf.uses -= 1
      if (shelf.uses > 0) return
      shelves.delete(key)
      keys.delete(items)
      bytes -= sizeOf(items)
    },
  }
}

function sizeOf({ text, names }: PageItems): number {
  return text.length + names.reduce((sum, name) => sum + 2 * name.length + 50, 500)
}
