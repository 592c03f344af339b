/** What one check has come to. */
export interface Checked {
  readonly status: string
  readonly message?: string | undefined
}

export interface Difference {
  readonly check: string
  readonly direct: string
  readonly through: string
  readonly message?: string | undefined
}

/** A difference that is as it should be; a member that is left out matches anything. */
export interface Expected {
  readonly target: string
  readonly revision?: string
  /** A check, or the beginning of several with a star behind it. */
  readonly check: string
  readonly through?: string
  readonly reason: string
}

export function differencesBetween(
  direct: ReadonlyMap<string, Checked>,
  through: ReadonlyMap<string, Checked>,
): Difference[]

export function reasonFor(
  found: {
    readonly target: string
    readonly revision: string
    readonly difference: Difference
  },
  expected: readonly Expected[],
): string | undefined

export function tallyOf(checks: ReadonlyMap<string, Checked>): Record<string, number>
