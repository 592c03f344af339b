import type { Mask } from '../domain/obligation.js'

/**
 * Masks such that of several on one place the one that shows least is carried out last and stands: the one with the
 * fewest digits, then with the fewest letters, then the shortest, then the first in byte order.
 */
export function leastShownLast(masks: readonly Mask[]): readonly Mask[] {
  const byText = new Map<string, Mask>()
  for (const { mask, paths } of masks) {
    const known = byText.get(mask)?.paths ?? []
    byText.set(mask, { type: 'mask', paths: [...known, ...paths], mask })
  }
  return [...byText.values()].sort((one, other) => compareShown(other.mask, one.mask))
}

/** Below zero where `one` shows less. What a policy computes of a value has its digits before it has its letters. */
function compareShown(one: string, other: string): number {
  return (
    countOf(one, digits) - countOf(other, digits) ||
    countOf(one, letters) - countOf(other, letters) ||
    one.length - other.length ||
    Buffer.compare(Buffer.from(one), Buffer.from(other))
  )
}

const digits = /\p{N}/gu
const letters = /\p{L}/gu

function countOf(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0
}
