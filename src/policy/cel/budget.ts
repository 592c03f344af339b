/** What all conditions of one decision may spend together. */
export interface CelBudget {
  /** Steps that are left; below zero it is used up. */
  left: number
}

/** Steps are counted, never time: the same condition on the same message always comes to the same end. */
export function createCelBudget(budgetMs: number): CelBudget {
  return { left: budgetMs * stepsPerMs }
}

/** What a slow machine does in a millisecond; how it was measured stands in docs/adr/0023. */
export const stepsPerMs = 3_000
