import type { Direction } from '../domain/message.js'
import type { WritableRoot } from '../domain/obligation.js'

/** How one method of the protocol is carried and governed. A method without a row is passed as `other`, or refused. */
export interface MethodRow {
  readonly method: string
  readonly form: 'request' | 'notification'
  /** The eras in which it is a message of its own. */
  readonly era: 'legacy' | 'modern' | 'both'
  readonly direction: Direction | 'both'
  /** What policy sees of it: a named target, or its params as they are. */
  readonly target: 'tool' | 'resource' | 'prompt' | 'params'
  /** What a patch before forwarding may write. */
  readonly writable: WritableRoot
  /** The member of `params` that the modern era mirrors in `Mcp-Name`. */
  readonly mirrored: 'name' | 'uri' | 'taskId' | 'none'
  /** The list that shows its targets: what is hidden there is not called here. */
  readonly listedBy: 'tools/list' | 'resources/list' | 'prompts/list' | 'none'
  readonly implies: Implied
}

/**
 * What a message does that another method does too, and is judged as that one as well. `read`: a read of its `uri`, in
 * every form in which a server may look it up; `reference`: a get of the prompt or a read of the resource that its
 * `ref` names; `subscriptions`: a read of each resource that it subscribes to.
 */
export type Implied = 'read' | 'reference' | 'subscriptions' | 'none'

/** The row of a method; undefined where the protocol revisions known here have none. */
export function methodRow(method: string): MethodRow | undefined {
  return rows.get(method)
}

/** The known method that a careless server would take this unknown one for. */
export function methodTakenFor(unknown: string): string | undefined {
  return lookalikes.get(lookOf(unknown))
}

export function knownMethods(): readonly string[] {
  return [...rows.keys()]
}

type Details = Partial<Pick<MethodRow, 'target' | 'mirrored' | 'listedBy' | 'implies'>>

function request(
  method: string,
  era: MethodRow['era'],
  direction: MethodRow['direction'],
  details: Details = {},
): MethodRow {
  return rowOf('request', method, era, direction, details)
}

function notification(
  method: string,
  era: MethodRow['era'],
  direction: MethodRow['direction'],
  details: Details = {},
): MethodRow {
  return rowOf('notification', method, era, direction, details)
}

function rowOf(
  form: MethodRow['form'],
  method: string,
  era: MethodRow['era'],
  direction: MethodRow['direction'],
  { target = 'params', mirrored = 'none', listedBy = 'none', implies = 'none' }: Details,
): MethodRow {
  const writable = target === 'tool' || target === 'prompt' ? 'args' : 'params'
  return { method, form, era, direction, target, writable, mirrored, listedBy, implies }
}

const tool = { target: 'tool', mirrored: 'name', listedBy: 'tools/list' } as const
const prompt = { target: 'prompt', mirrored: 'name', listedBy: 'prompts/list' } as const
const resource = { target: 'resource', listedBy: 'resources/list' } as const
const task = { mirrored: 'taskId' } as const

const table: readonly MethodRow[] = [
  request('initialize', 'legacy', 'to_server'),
  request('server/discover', 'modern', 'to_server'),
  request('ping', 'legacy', 'both'),
  request('tools/list', 'both', 'to_server'),
  request('tools/call', 'both', 'to_server', tool),
  request('resources/list', 'both', 'to_server'),
  request('resources/templates/list', 'both', 'to_server'),
  request('resources/read', 'both', 'to_server', { ...resource, mirrored: 'uri', implies: 'read' }),
  request('resources/subscribe', 'legacy', 'to_server', { ...resource, implies: 'read' }),
  request('resources/unsubscribe', 'legacy', 'to_server', resource),
  request('subscriptions/listen', 'modern', 'to_server', { implies: 'subscriptions' }),
  request('prompts/list', 'both', 'to_server'),
  request('prompts/get', 'both', 'to_server', prompt),
  request('completion/complete', 'both', 'to_server', { implies: 'reference' }),
  request('logging/setLevel', 'legacy', 'to_server'),
  request('roots/list', 'legacy', 'to_client'),
  request('sampling/createMessage', 'legacy', 'to_client'),
  request('elicitation/create', 'legacy', 'to_client'),
  request('tasks/get', 'both', 'both', task),
  request('tasks/result', 'legacy', 'both'),
  request('tasks/list', 'legacy', 'both'),
  request('tasks/cancel', 'both', 'both', task),
  request('tasks/update', 'modern', 'to_server', task),
  notification('notifications/initialized', 'legacy', 'to_server'),
  notification('notifications/cancelled', 'both', 'both'),
  notification('notifications/progress', 'both', 'both'),
  notification('notifications/message', 'both', 'to_client'),
  notification('notifications/tools/list_changed', 'both', 'to_client'),
  notification('notifications/prompts/list_changed', 'both', 'to_client'),
  notification('notifications/resources/list_changed', 'both', 'to_client'),
  notification('notifications/resources/updated', 'both', 'to_client', { implies: 'read' }),
  notification('notifications/roots/list_changed', 'legacy', 'to_server'),
  notification('notifications/elicitation/complete', 'legacy', 'to_client'),
  notification('notifications/tasks/status', 'legacy', 'both'),
  notification('notifications/tasks', 'modern', 'to_client'),
  notification('notifications/subscriptions/acknowledged', 'modern', 'to_client'),
]

const rows: ReadonlyMap<string, MethodRow> = new Map(table.map((row) => [row.method, row]))

const invisible = /[\s\p{C}]+/gu

const lookalikes: ReadonlyMap<string, string> = new Map(
  table.map(({ method }) => [lookOf(method), method]),
)

/** What is left of it where case does not count, white space is trimmed and a text ends at its first NUL. */
function lookOf(method: string): string {
  const [text = ''] = method.split('\0', 1)
  return text.replaceAll(invisible, '').toLowerCase()
}
