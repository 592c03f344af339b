/** Counts what went wrong and keeps the first examples of each kind. */
export function createFindings() {
  const kinds = new Map()
  return {
    add(kind, example) {
      const found = kinds.get(kind) ?? { count: 0, examples: [] }
      found.count += 1
      if (found.examples.length < 3) found.examples.push(String(example).slice(0, 600))
      kinds.set(kind, found)
    },
    /** One line a kind, its examples below. */
    lines: () =>
      [...kinds].map(([kind, { count, examples }]) =>
        [`${kind}: ${count}`, ...examples].join('\n    '),
      ),
  }
}
