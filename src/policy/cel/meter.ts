/**
 * What the condition that is being evaluated may still spend, and the literals that were read when it was compiled. The
 * library hands its functions nothing but their operands; evaluation is synchronous and never nested.
 */
export const meter: Meter = { left: 0, literals: [] }

interface Meter {
  left: number
  literals: readonly unknown[]
}

/** @throws Error when the budget is used up */
export function spend(steps: number): void {
  meter.left -= steps
  if (meter.left < 0) throw new Error('over budget')
}

/** What it takes to pass over so many characters of a text. */
export function spendText(units: number): void {
  if (units > unitsPerStep) spend(units / unitsPerStep)
}

export const unitsPerStep = 64

/** What it takes to look for the end of so much JSON. */
export function spendReading(units: number): void {
  spend(units / readUnitsPerStep)
}

const readUnitsPerStep = 192

/** What it takes the library to tell of a member that is not there. */
export function spendMiss(): void {
  spend(8)
}

/** An error whose message may be shown: it holds no value of a call. */
export class CelReason extends Error {
  override readonly name = 'CelReason'
}
