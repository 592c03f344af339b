import type { Direction } from '../domain/message.js'
import type { WritableRoot } from '../domain/obligation.js'

/** How one method of the protocol is carried and governed. A method without a row is passed as `other`. */
export interface MethodRow {
  readonly form: 'request' | 'notification'
  readonly era: 'legacy' | 'modern' | 'both'
  readonly direction: Direction | 'both'
  /** What policy sees of it: a named target, or its params as they are. */
  readonly target: 'tool' | 'resource' | 'prompt' | 'params'
  /** What a patch before forwarding may write. */
  readonly writable: WritableRoot
  /** The member of `params` that the modern era mirrors in `Mcp-Name`. */
  readonly mirrored: 'name' | 'uri' | 'taskId' | 'none'
}

/** The row of a method; undefined where the protocol revisions known here have none. */
export function methodRow(method: string): MethodRow | undefined {
  return rows.get(method)
}

export function knownMethods(): readonly string[] {
  return [...rows.keys()]
}

type Row = readonly [
  method: string,
  form: MethodRow['form'],
  era: MethodRow['era'],
  direction: MethodRow['direction'],
  target: MethodRow['target'],
  mirrored: MethodRow['mirrored'],
]

const table: readonly Row[] = [
  ['initialize', 'request', 'legacy', 'to_server', 'params', 'none'],
  ['server/discover', 'request', 'modern', 'to_server', 'params', 'none'],
  ['ping', 'request', 'legacy', 'both', 'params', 'none'],
  ['tools/list', 'request', 'both', 'to_server', 'params', 'none'],
  ['tools/call', 'request', 'both', 'to_server', 'tool', 'name'],
  ['resources/list', 'request', 'both', 'to_server', 'params', 'none'],
  ['resources/templates/list', 'request', 'both', 'to_server', 'params', 'none'],
  ['resources/read', 'request', 'both', 'to_server', 'resource', 'uri'],
  ['resources/subscribe', 'request', 'legacy', 'to_server', 'resource', 'none'],
  ['resources/unsubscribe', 'request', 'legacy', 'to_server', 'resource', 'none'],
  ['subscriptions/listen', 'request', 'modern', 'to_server', 'params', 'none'],
  ['prompts/list', 'request', 'both', 'to_server', 'params', 'none'],
  ['prompts/get', 'request', 'both', 'to_server', 'prompt', 'name'],
  ['completion/complete', 'request', 'both', 'to_server', 'params', 'none'],
  ['logging/setLevel', 'request', 'legacy', 'to_server', 'params', 'none'],
  ['roots/list', 'request', 'legacy', 'to_client', 'params', 'none'],
  ['sampling/createMessage', 'request', 'legacy', 'to_client', 'params', 'none'],
  ['elicitation/create', 'request', 'legacy', 'to_client', 'params', 'none'],
  ['tasks/get', 'request', 'both', 'both', 'params', 'taskId'],
  ['tasks/result', 'request', 'legacy', 'both', 'params', 'none'],
  ['tasks/list', 'request', 'legacy', 'both', 'params', 'none'],
  ['tasks/cancel', 'request', 'both', 'both', 'params', 'taskId'],
  ['tasks/update', 'request', 'modern', 'to_server', 'params', 'taskId'],
  ['notifications/initialized', 'notification', 'legacy', 'to_server', 'params', 'none'],
  ['notifications/cancelled', 'notification', 'both', 'both', 'params', 'none'],
  ['notifications/progress', 'notification', 'both', 'both', 'params', 'none'],
  ['notifications/message', 'notification', 'both', 'to_client', 'params', 'none'],
  ['notifications/tools/list_changed', 'notification', 'both', 'to_client', 'params', 'none'],
  ['notifications/prompts/list_changed', 'notification', 'both', 'to_client', 'params', 'none'],
  ['notifications/resources/list_changed', 'notification', 'both', 'to_client', 'params', 'none'],
  ['notifications/resources/updated', 'notification', 'both', 'to_client', 'resource', 'none'],
  ['notifications/roots/list_changed', 'notification', 'legacy', 'to_server', 'params', 'none'],
  ['notifications/elicitation/complete', 'notification', 'legacy', 'to_client', 'params', 'none'],
  ['notifications/tasks/status', 'notification', 'legacy', 'both', 'params', 'none'],
  ['notifications/tasks', 'notification', 'modern', 'to_client', 'params', 'none'],
  [
    'notifications/subscriptions/acknowledged',
    'notification',
    'modern',
    'to_client',
    'params',
    'none',
  ],
]

const rows: ReadonlyMap<string, MethodRow> = new Map(
  table.map(([method, form, era, direction, target, mirrored]) => [
    method,
    {
      form,
      era,
      direction,
      target,
      mirrored,
      writable: target === 'tool' || target === 'prompt' ? 'args' : 'params',
    },
  ]),
)
