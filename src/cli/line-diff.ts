/** Two texts line by line: `- ` stands only in the first, `+ ` only in the second, two spaces in both. */
export function lineDiff(before: string, after: string): readonly string[] {
  const first = before.split('\n')
  const second = after.split('\n')
  if (first.length * second.length > mostCells) {
    return [...first.map((line) => `- ${line}`), ...second.map((line) => `+ ${line}`)]
  }
  return walk(first, second, commonLengths(first, second))
}

const mostCells = 1_000_000

/** At [i][j] how many lines the rests from i and j have in common, in order. */
function commonLengths(first: readonly string[], second: readonly string[]): readonly number[][] {
  const lengths = Array.from({ length: first.length + 1 }, () =>
    new Array<number>(second.length + 1).fill(0),
  )
  for (let i = first.length - 1; i >= 0; i -= 1) {
    for (let j = second.length - 1; j >= 0; j -= 1) {
      const here = lengths[i]
      if (here === undefined) continue
      here[j] =
        first[i] === second[j]
          ? at(lengths, i + 1, j + 1) + 1
          : Math.max(at(lengths, i + 1, j), at(lengths, i, j + 1))
    }
  }
  return lengths
}

function at(lengths: readonly (readonly number[])[], i: number, j: number): number {
  return lengths[i]?.[j] ?? 0
}

function walk(
  first: readonly string[],
  second: readonly string[],
  lengths: readonly (readonly number[])[],
): readonly string[] {
  const lines: string[] = []
  let i = 0
  let j = 0
  while (i < first.length || j < second.length) {
    const [mine, other] = [first[i], second[j]]
    if (mine !== undefined && mine === other) {
      lines.push(`  ${mine}`)
      i += 1
      j += 1
    } else if (
      mine !== undefined &&
      (other === undefined || at(lengths, i + 1, j) >= at(lengths, i, j + 1))
    ) {
      lines.push(`- ${mine}`)
      i += 1
    } else {
      lines.push(`+ ${other ?? ''}`)
      j += 1
    }
  }
  return lines
}
