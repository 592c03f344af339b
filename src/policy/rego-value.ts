/** A value of Rego as JavaScript holds it: exact, and sets apart from arrays. */
export type RegoValue = null | boolean | string | RegoNumber | RegoArray | RegoObject | RegoSet

/** Whole numbers as `bigint`, up to 4,096 digits; every other number as it was written. */
export type RegoNumber = bigint | RegoDecimal

export interface RegoDecimal {
  readonly type: 'decimal'
  /** A JSON number with a fraction or an exponent, or a whole one of more digits than anybody works with. */
  readonly text: string
}

export type RegoArray = readonly RegoValue[]

export interface RegoObject {
  readonly type: 'object'
  /** Keys may be any value. */
  readonly entries: readonly (readonly [key: RegoValue, value: RegoValue])[]
}

export interface RegoSet {
  readonly type: 'set'
  /** Without duplicates, in no order. */
  readonly members: readonly RegoValue[]
}
