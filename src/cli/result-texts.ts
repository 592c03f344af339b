/**
 * Every text that can be read out of JSON text: member names, strings, other values as they are spelled, and the same of
 * JSON that stands in strings, some levels deep.
 */
export function textsIn(json: string): readonly string[] {
  const texts: string[] = []
  collect(JSON.parse(json), deepest, texts)
  return texts
}

const deepest = 4

function collect(value: unknown, levels: number, texts: string[]): void {
  if (typeof value === 'string') {
    texts.push(value)
    if (levels > 0) collectInner(value, levels - 1, texts)
  } else if (Array.isArray(value)) {
    for (const item of value) collect(item, levels, texts)
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, member] of Object.entries(value)) {
      texts.push(name)
      collect(member, levels, texts)
    }
  } else {
    texts.push(String(value))
  }
}

function collectInner(text: string, levels: number, texts: string[]): void {
  if (!/^\s*[[{"]/.test(text)) return
  try {
    collect(JSON.parse(text), levels, texts)
  } catch {
    // It only looks like JSON; it was taken as a text already.
  }
}
