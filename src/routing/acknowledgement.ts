import type { Filter } from './subscription-filter.js'

/** What several servers grant of one subscription, until the client is told. */
export interface Acknowledgement {
  grant(server: string, filter: Filter): void
  /** Nothing will come of this server. */
  miss(server: string): void
  grantedBy(server: string): Filter | undefined
  filters(): readonly Filter[]
  /** Resolves when all servers have granted or missed, or after the longest wait. */
  readonly given: Promise<void>
  /** Resolves when the client was told. */
  readonly told: Promise<void>
  tell(): void
}

/** @param servers how many were asked */
export function createAcknowledgement(
  servers: number,
  longestWait: Promise<void>,
): Acknowledgement {
  const granted = new Map<string, Filter | undefined>()
  const given = createSignal()
  const told = createSignal()
  void longestWait.then(given.raise)
  if (servers === 0) given.raise()
  const hear = (server: string, filter: Filter | undefined): void => {
    if (granted.get(server) === undefined) granted.set(server, filter)
    if (granted.size === servers) given.raise()
  }
  return {
    grant: hear,
    miss: (server) => hear(server, undefined),
    grantedBy: (server) => granted.get(server),
    filters: () => [...granted.values()].filter((filter) => filter !== undefined),
    given: given.raised,
    told: told.raised,
    tell: told.raise,
  }
}

function createSignal() {
  let raise: () => void = () => undefined
  const raised = new Promise<void>((resolve) => {
    raise = resolve
  })
  return { raise: () => raise(), raised }
}
