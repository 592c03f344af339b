import type { Listed } from './story-client.js'
import type { Transcript } from './telling.js'

/**
 * A transcript without what is another each time, and without what policy that judges each caller by itself has to
 * change: no reply to one caller is kept for others.
 */
export function comparable(transcript: Transcript): Transcript {
  const text = JSON.stringify(transcript)
    .replaceAll(/"elicitationId":"[0-9a-f-]{36}"/g, '"elicitationId":"…"')
    .replaceAll(/"listen-\d+"/g, '"listen-…"')
    .replaceAll('"cacheScope":"public"', '"cacheScope":"private"')
    .replaceAll(/\d{4}-\d\d-\d\dT/g, 'DATE')
  return JSON.parse(text) as Transcript
}

/** Only what servers that are served as one leave as it was: not their greetings, nor how long a list holds. */
export function withoutTerms(transcript: Transcript): Transcript {
  const lists = Object.entries(transcript['lists'] as Record<string, Listed>)
  const items = lists.map(([kind, list]) => [kind, { items: list.items }])
  return { ...without(transcript, 'greeting'), lists: Object.fromEntries(items) as unknown }
}

/** Only what both eras have: nothing that only one of them wraps around a result. */
export function withoutEra(transcript: Transcript): Transcript {
  const bare = JSON.stringify(without(transcript, 'greeting', 'asked'), (key, value: unknown) =>
    onlyInOneEra.has(key) ? undefined : value,
  )
  return JSON.parse(bare) as Transcript
}

const onlyInOneEra = new Set(['_meta', 'ttlMs', 'cacheScope', 'resultType', 'execution'])

export function without(transcript: Transcript, ...chapters: readonly string[]): Transcript {
  return Object.fromEntries(
    Object.entries(transcript).filter(([chapter]) => !chapters.includes(chapter)),
  )
}

/** Where in a transcript something failed. */
export function failuresIn(seen: unknown, path = ''): string[] {
  if (typeof seen !== 'object' || seen === null) return []
  if (Object.hasOwn(seen, 'failed')) return [path]
  return Object.entries(seen).flatMap(([key, value]) =>
    failuresIn(value, path === '' ? key : `${path}.${key}`),
  )
}
