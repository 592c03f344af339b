import { opened, verbatim, type JsonNode } from '../wire/json-tree.js'

/** JSON text in lines, as `JSON.stringify` indents it; numbers stay as they are spelled. */
export function prettyJson(text: string): string {
  return pretty(verbatim(text.trim()), '', false)
}

/** The same, with JSON in texts shown as what it is. */
export function prettyOpened(text: string): string {
  return pretty(verbatim(text.trim()), '', true)
}

function pretty(given: JsonNode, indent: string, opensTexts: boolean): string {
  const node = opened(given)
  if (node.form === 'verbatim') {
    const inner = opensTexts ? jsonIn(node.text) : undefined
    return inner === undefined ? node.text : pretty(verbatim(inner), indent, true)
  }
  const further = `${indent}  `
  const [open, close] = node.form === 'object' ? '{}' : '[]'
  const parts =
    node.form === 'object'
      ? node.members.map(
          ({ key, value }) => `${JSON.stringify(key)}: ${pretty(value, further, opensTexts)}`,
        )
      : node.items.map(({ value }) => pretty(value, further, opensTexts))
  if (parts.length === 0) return `${open}${close}`
  return `${open}\n${parts.map((part) => `${further}${part}`).join(',\n')}\n${indent}${close}`
}

/** The object or list that a string literal spells. */
function jsonIn(literal: string): string | undefined {
  if (!/^"\s*(?:\\[nrt]\s*)*[[{]/.test(literal)) return undefined
  const text = String(JSON.parse(literal)).trim()
  try {
    JSON.parse(text)
    return text
  } catch {
    return undefined
  }
}
