/**
 * A text as JSON that every parser takes: a surrogate without its partner becomes U+FFFD. Cut where it is long, so that
 * no line is much longer than what policy and the gateway themselves put there.
 */
export function quoted(long: string): string {
  const text = cut(long)
  if (plain.test(text)) return `"${text}"`
  const json = JSON.stringify(text)
  return json.includes('\\ud') ? JSON.stringify(text.replace(loneSurrogates, '\ufffd')) : json
}

export function texts(values: readonly string[]): string {
  return `[${values.map(quoted).join()}]`
}

/** Any other value as JSON, its texts as `quoted` writes them. */
export function written(value: unknown): string {
  const json = JSON.stringify(value)
  return json.includes('\\ud') ? JSON.stringify(value, wellFormed) : json
}

/** JSON that was checked before, on one line: line ends can only stand between its tokens. */
export function onOneLine(json: string): string {
  return json.includes('\n') || json.includes('\r') ? json.replace(/[\r\n]+/g, ' ') : json
}

/** At most 1,024 characters, of which the last is `…` where some are missing. */
function cut(text: string): string {
  return text.length <= longestText ? text : `${text.slice(0, longestText - 1)}…`
}

export const longestText = 1024

/** Printable ASCII that needs no escape: most ids and names, and four times as fast as JSON.stringify. */
const plain = /^[ !#-[\]-~]*$/
const loneSurrogates = /\p{Surrogate}/gu

function wellFormed(_key: string, value: unknown): unknown {
  if (typeof value === 'string') return value.replace(loneSurrogates, '\ufffd')
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key.replace(loneSurrogates, '\ufffd'), item]),
  )
}
