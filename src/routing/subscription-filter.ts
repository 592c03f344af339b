import { isJsonObject } from '../domain/json.js'
import type { RequestMessage, NotificationMessage } from '../domain/message.js'
import { ownerOf } from './names.js'
import { ownerOfUri } from './uris.js'

/** What a `subscriptions/listen` asks for, or what its acknowledgement grants. */
export interface Filter {
  /** Members that are `true`, such as `toolsListChanged`. */
  readonly flags: ReadonlySet<string>
  readonly uris: readonly string[]
  readonly taskIds: readonly string[]
}

export function readFilter({ params, text }: RequestMessage | NotificationMessage): Filter {
  const member = params?.members.get('notifications')
  const value: unknown =
    member === undefined
      ? undefined
      : JSON.parse(text.toString('utf8', member.value.start, member.value.end))
  const filter = isJsonObject(value) ? value : {}
  return {
    flags: new Set(Object.keys(filter).filter((key) => filter[key] === true)),
    uris: textsOf(filter['resourceSubscriptions']),
    taskIds: textsOf(filter['taskIds']),
  }
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}

/** Whether a server has a part in it. A filter for nothing is everybody's. */
export function concerns({ flags, uris, taskIds }: Filter, server: string): boolean {
  if (flags.size > 0 || uris.length + taskIds.length === 0) return true
  return (
    uris.some((uri) => ownerOfUri(uri)?.server === server) ||
    taskIds.some((id) => ownerOf(id)?.server === server)
  )
}

/** What was granted by several, together. */
export function writeFilter(filters: readonly Filter[]): string {
  const flags = new Set(filters.flatMap((filter) => [...filter.flags]))
  const uris = filters.flatMap((filter) => filter.uris)
  const taskIds = filters.flatMap((filter) => filter.taskIds)
  return JSON.stringify({
    ...Object.fromEntries([...flags].map((flag) => [flag, true])),
    ...(uris.length === 0 ? {} : { resourceSubscriptions: uris }),
    ...(taskIds.length === 0 ? {} : { taskIds }),
  })
}
