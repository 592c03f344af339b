import { createHash } from 'node:crypto'
import type { Draft } from './rule-draft.js'

/** A rule of which file, and by what name its generated id begins. */
export interface NamedDraft {
  readonly file: string
  /** The tool that the file is about; else the name of the file, without its ending. */
  readonly subject: string
  readonly draft: Draft
}

/**
 * The ids of rules: the author's own; else subject, hook and reason, so that neither order nor place count. Where
 * several would be called the same, a hash of the condition follows; if need be, one of the whole rule.
 */
export function idsOf(drafts: readonly NamedDraft[]): readonly string[] {
  const spellings: readonly ((named: NamedDraft) => string)[] = [
    plainId,
    (named) => `${plainId(named)}-${digestOf(named.draft.text.when ?? '')}`,
    (named) => `${plainId(named)}-${digestOf(sortedJson([named.file, named.draft.text]))}`,
  ]
  return spellings.reduce<readonly string[]>((ids, spell) => {
    const counts = new Map<string, number>()
    for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1)
    return drafts.map((named, index) => {
      const id = ids[index] ?? ''
      if (named.draft.text.id !== undefined) return named.draft.text.id
      return id !== '' && counts.get(id) === 1 ? id : spell(named)
    })
  }, [])
}

function plainId({ subject, draft }: NamedDraft): string {
  const { reason = '', effect, fields = [] } = draft.text
  const words = slugOf(reason)
  const slug = words === '' ? slugOf([effect, ...fields].join(' ')) : words
  return `${subject.replace(/[^A-Za-z0-9._-]+/g, '-')}.${draft.form}.${slug}`
}

/** Letters and digits of ASCII in lower case, with hyphens; cut between words where it is long. */
function slugOf(text: string): string {
  const plain = text
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
  const words = plain.match(/[a-z0-9]+/g) ?? []
  let slug = ''
  for (const word of words) {
    const longer = slug === '' ? word.slice(0, longestSlug) : `${slug}-${word}`
    if (longer.length > longestSlug) break
    slug = longer
  }
  return slug
}

const longestSlug = 48

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8)
}

function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  )
}
