/** Something that is not as expected. */
export interface Difference {
  /** What is compared: `effect`, `reason`, … */
  readonly what: string
  readonly expected: string
  readonly actual: string
  /** Where values are nested, the two line by line. */
  readonly diff: readonly string[]
}

export function difference(
  what: string,
  expected: string,
  actual: string,
  diff: readonly string[] = [],
): Difference {
  return { what, expected, actual, diff }
}
