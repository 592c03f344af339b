import { without } from './comparable.js'
import type { Listed, StoryClient } from './story-client.js'
import type { Naming, Transcript } from './telling.js'

/** A client of several servers that are served as one, that names the items of one of them as it does itself. */
export function renamed(client: StoryClient, { prefix, uriPrefix }: Naming): StoryClient {
  return {
    ...client,
    call: (name, args, options) => client.call(prefix + name, args, options),
    read: (uri) => client.read(uriPrefix + uri),
    get: (prompt, args) => client.get(prefix + prompt, args),
    complete: (reference, argument) =>
      reference.type === 'ref/prompt'
        ? client.complete({ ...reference, name: prefix + reference.name }, argument)
        : client.complete({ ...reference, uri: uriPrefix + reference.uri }, argument),
    watch: (uri) => client.watch(uriPrefix + uri),
  }
}

/** What was seen of one server, under its own names and without what is of the others. */
export function underOwnNames(transcript: Transcript, { prefix, uriPrefix }: Naming): Transcript {
  const marks = [`"${prefix}`, `"${uriPrefix}`]
  const isOwn = (item: unknown): boolean =>
    marks.some((mark) => JSON.stringify(item).includes(mark))
  const lists = Object.entries(transcript['lists'] as Record<string, Listed>)
  const own = lists.map(([kind, { items }]) => [kind, { items: items.filter(isOwn) }] as const)
  const text = JSON.stringify({
    ...without(transcript, 'greeting'),
    lists: Object.fromEntries(own),
  })
  return JSON.parse(text.replaceAll(prefix, '').replaceAll(uriPrefix, '')) as Transcript
}
