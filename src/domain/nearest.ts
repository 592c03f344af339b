/** The known name that was most likely meant, or undefined where none is close. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const wanted = name.toLowerCase()
  const ranked = known
    .map((candidate) => ({ candidate, distance: distanceTo(wanted, candidate.toLowerCase()) }))
    .filter(({ candidate, distance }) => distance <= Math.max(2, Math.ceil(candidate.length / 4)))
    .sort((left, right) => left.distance - right.distance)
  return ranked[0]?.candidate ?? known.find((candidate) => isBeginning(wanted, candidate))
}

export function suggestion(name: string, known: readonly string[]): string {
  const meant = nearest(name, known)
  return meant === undefined ? '' : `; did you mean ${meant}?`
}

function isBeginning(wanted: string, candidate: string): boolean {
  return wanted.length >= 6 && candidate.toLowerCase().startsWith(wanted)
}

/** Levenshtein distance: how many letters have to be added, left out or exchanged. */
export function distanceTo(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (const [line, letter] of Array.from(from).entries()) {
    const next = [line + 1]
    for (let column = 1; column <= to.length; column += 1) {
      const exchanged = (row[column - 1] ?? 0) + (to[column - 1] === letter ? 0 : 1)
      next.push(Math.min(exchanged, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[to.length] ?? 0
}
