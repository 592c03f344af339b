/**
 * What an instruction costs, in units of fuel: about the time that it takes, an addition being 1. What stands for
 * no machine code of its own (a local, a constant, a block) costs as much, because it comes with what does.
 */
export function weightOf(opcode: number): number {
  return weights[opcode] ?? 0
}

/** What the entry of a function costs besides its instructions. */
export const entryWeight = 2

/** A turn of a loop pays this at least, even where its body weighs nothing. */
export const turnWeight = 1

/** So much the entry of a function may weigh and be paid for by those that call it. */
export const largestPaidByCaller = 256

/**
 * Code that may be jumped over pays for itself from this weight on. Below it, what comes before pays for it, for no more than
 * this in all: the smaller, the closer to the truth, and the slower.
 */
export const smallestStretch = 224

const weights = weightsByOpcode([
  [0x10, 0x10, 10], // call
  [0x11, 0x11, 128], // call_indirect: what it reaches may be paid for by its callers
  [0x28, 0x3e, 2], // loads, stores
  [0x6d, 0x70, 10], // i32.div, i32.rem
  [0x7f, 0x82, 10], // i64.div, i64.rem
  [0x91, 0x91, 10], // f32.sqrt
  [0x95, 0x95, 10], // f32.div
  [0x9f, 0x9f, 10], // f64.sqrt
  [0xa3, 0xa3, 10], // f64.div
])

function weightsByOpcode(ranges: readonly (readonly [number, number, number])[]): Uint8Array {
  const weights = new Uint8Array(256).fill(1)
  for (const [first, last, weight] of ranges) weights.fill(weight, first, last + 1)
  return weights
}
