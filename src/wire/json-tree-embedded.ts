/** How many strings deep JSON is looked for inside strings. */
export const maxEmbeddedLevels = 4

/**
 * Edits the JSON document that a decoded string holds, white space or a byte order mark around it
 * allowed, and gives the string with the edited document in it; the same string where it holds
 * none.
 *
 * Duplicate keys are no obstacle here: what a reader of the string makes of them is unknown, so
 * each is edited.
 */
export function editEmbedded(text: string, edit: (document: string) => string): string {
  const document = text.trim()
  if (!/^[{["]/.test(document) || !isJson(document)) return text
  const edited = edit(document)
  if (edited === document) return text
  const start = text.length - text.trimStart().length
  return text.slice(0, start) + edited + text.slice(start + document.length)
}

/**
 * Whether a string literal, as it is spelled, could hold a document: spares decoding the many
 * that cannot.
 */
export function couldEmbed(literal: string): boolean {
  return /^"[\s\\{[]/.test(literal)
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
