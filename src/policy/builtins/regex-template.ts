export interface TemplatePattern {
  readonly pattern: string
  /** What stands between the delimiters: each must be a pattern by itself. */
  readonly inner: readonly string[]
}

/** The pattern of a template such as `urn:foo:{.*}`; undefined where the delimiters do not match. */
export function templatePattern(
  template: string,
  start: string,
  end: string,
): TemplatePattern | undefined {
  const pieces: string[] = []
  const inner: string[] = []
  let level = 0
  let last = 0
  let open = 0
  for (let at = 0; at < template.length; at += 1) {
    if (template[at] === start) {
      level += 1
      if (level === 1) open = at
    } else if (template[at] === end) {
      level -= 1
      if (level < 0) return undefined
      if (level === 0) {
        const part = template.slice(open + 1, at)
        inner.push(part)
        pieces.push(quoted(template.slice(last, open)), `(${part})`)
        last = at + 1
      }
    }
  }
  if (level !== 0) return undefined
  return { pattern: `^${pieces.join('')}${quoted(template.slice(last))}$`, inner }
}

function quoted(text: string): string {
  return text.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&')
}
