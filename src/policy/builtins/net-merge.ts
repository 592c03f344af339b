import { isVersion4, mappedBlock } from './net-address.js'
import { firstAddress, lastAddress, type Block } from './net-cidr.js'

/** The fewest blocks that have the same addresses; a block that nothing adjoins stays as it is written. */
export function mergeBlocks(blocks: readonly Block[]): readonly Block[] {
  const ranges = blocks
    .map(rangeOf)
    .sort((a, b) => order(a.last, b.last) || order(a.first, b.first))
  const merged: Range[] = []
  for (const range of ranges.reverse()) {
    const above = merged.at(-1)
    if (above === undefined || addressBefore(above.first) > range.last) merged.push(range)
    else merged[merged.length - 1] = united(range, above)
  }
  return merged.flatMap(({ block, first, last }) =>
    block === undefined ? [...cover(first, last)] : [block],
  )
}

interface Range {
  readonly first: bigint
  readonly last: bigint
  /** What it was read from; undefined where it was united from several. */
  readonly block: Block | undefined
}

function rangeOf(block: Block): Range {
  return { first: firstAddress(block), last: lastAddress(block), block }
}

function order(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0
}

// Nothing comes before the first address of either version.
function addressBefore(bits: bigint): bigint {
  return bits === 0n || bits === mappedBlock ? bits : bits - 1n
}

function united(range: Range, above: Range): Range {
  const first = range.first < above.first ? range.first : above.first
  return { first, last: above.last, block: undefined }
}

/** From the first address to the last, always the longest block that begins there and ends in the range. */
function* cover(first: bigint, last: bigint): Generator<Block> {
  for (let bits = first; bits <= last;) {
    let prefix = 128
    while (prefix > 0 && isRoom({ bits, prefix: prefix - 1 }, last)) prefix -= 1
    yield { bits, prefix }
    bits = lastAddress({ bits, prefix }) + 1n
  }
}

function isRoom(block: Block, last: bigint): boolean {
  if (firstAddress(block) !== block.bits || lastAddress(block) > last) return false
  return !isVersion4(block.bits) || block.prefix >= 96
}
