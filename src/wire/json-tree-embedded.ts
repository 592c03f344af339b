import { syntaxOf, type Syntax } from './json-tree-syntax.js'

/** How many strings deep JSON is looked for inside strings. */
export const maxEmbeddedLevels = 4

/** What stands in a decoded string: a document with white space or a byte order mark around it, or no document. */
export interface Embedded {
  readonly syntax: Syntax
  readonly before: string
  readonly document: string
  readonly after: string
}

/**
 * Only objects, arrays and strings count as documents: what else JSON knows holds nothing.
 *
 * Duplicate keys are no obstacle here: what a reader of the string makes of them is unknown, so each is edited.
 */
export function embeddedIn(text: string): Embedded {
  const document = text.trim()
  const start = text.length - text.trimStart().length
  return {
    syntax: beginsDocument.test(document) ? syntaxOf(document) : 'other',
    before: text.slice(0, start),
    document,
    after: text.slice(start + document.length),
  }
}

/**
 * Edits the document that a decoded string holds, and gives the string with the edited document in it; the same string
 * where it holds none.
 */
export function editEmbedded(text: string, edit: (document: string) => string): string {
  const { syntax, before, document, after } = embeddedIn(text)
  if (syntax !== 'json') return text
  const edited = edit(document)
  return edited === document ? text : before + edited + after
}

/**
 * Whether a string literal, as it is spelled, could hold a document: spares decoding the many
 * that cannot.
 */
export function couldEmbed(literal: string): boolean {
  return /^"[\s\\{[]/.test(literal)
}

const beginsDocument = /^[{["]/
