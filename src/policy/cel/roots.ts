import type { CelRoot } from './condition.js'
import type { Kind } from './signatures.js'

export interface RootShape {
  readonly kind: Kind
  /** All the members that it can have; undefined where that depends on the call. */
  readonly members: Readonly<Record<string, Kind>> | undefined
  /** Members whose kinds are known where there can be others. */
  readonly known?: Readonly<Record<string, Kind>>
}

export const rootShapes: Readonly<Record<CelRoot, RootShape>> = {
  kind: text(),
  hook: text(),
  direction: text(),
  server: text(),
  protocol: text(),
  time: { kind: 'timestamp', members: {} },
  user: {
    kind: 'map',
    members: undefined,
    known: { id: 'string', roles: 'list', teams: 'list', authenticated: 'bool', via: 'string' },
  },
  client: closed({ id: 'string', claimed: 'map' }),
  tool: closed({ name: 'string', args: 'map', annotations: 'map', action_class: 'string' }),
  resource: closed({ uri: 'string' }),
  prompt: closed({ name: 'string', args: 'map' }),
  session: closed({ id: 'string' }),
  request: closed({ ip: 'string', headers: 'map' }),
  args: { kind: 'map', members: undefined },
  params: { kind: 'dyn', members: undefined },
  response: { kind: 'dyn', members: undefined },
}

export function isRoot(name: string): name is CelRoot {
  return Object.hasOwn(rootShapes, name)
}

function text(): RootShape {
  return { kind: 'string', members: {} }
}

function closed(members: Readonly<Record<string, Kind>>): RootShape {
  return { kind: 'map', members }
}
