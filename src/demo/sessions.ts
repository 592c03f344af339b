import type { Endpoint } from './endpoint.js'

/** The open sessions by id: at most `max`, each closed when nothing was heard of it for `idleMs`. */
export interface Sessions {
  /** The session of that id, which counts as used from now. */
  find(id: string): Endpoint | undefined
  add(id: string, endpoint: Endpoint): void
  remove(id: string): void
  close(): Promise<void>
}

export function createSessions({
  now,
  max = 1000,
  idleMs = 30 * 60_000,
}: {
  readonly now: () => number
  readonly max?: number
  readonly idleMs?: number
}): Sessions {
  /** In the order of last use, so that the first is the one to give up. */
  const open = new Map<string, { readonly endpoint: Endpoint; readonly usedAt: number }>()

  function touch(id: string, endpoint: Endpoint): void {
    open.delete(id)
    open.set(id, { endpoint, usedAt: now() })
  }

  function sweep(): void {
    for (const [id, { endpoint, usedAt }] of open) {
      if (open.size <= max && now() - usedAt < idleMs) return
      open.delete(id)
      void endpoint.close()
    }
  }

  return {
    find(id) {
      sweep()
      const session = open.get(id)
      if (session) touch(id, session.endpoint)
      return session?.endpoint
    },
    add(id, endpoint) {
      touch(id, endpoint)
      sweep()
    },
    remove(id) {
      open.delete(id)
    },
    async close() {
      const endpoints = [...open.values()].map(({ endpoint }) => endpoint)
      open.clear()
      await Promise.all(endpoints.map((endpoint) => endpoint.close()))
    },
  }
}
