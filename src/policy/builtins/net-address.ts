/**
 * An address as a number of 128 bits, those of version 4 in the block ::ffff:0:0/96 where Go keeps them as well
 * (RFC 4291, section 2.5.5.2).
 */
export interface Address {
  readonly bits: bigint
  /** 32 where it was written as version 4. */
  readonly width: 32 | 128
}

/** Reads an address as Go does: no zeros in front of a decimal number, no zone. */
export function readAddress(text: string): Address | undefined {
  if (text.length > longestAddress) return undefined
  if (!text.includes(':')) {
    const bits = readVersion4(text)
    return bits === undefined ? undefined : { bits: mappedBlock | bits, width: 32 }
  }
  const bits = readVersion6(text)
  return bits === undefined ? undefined : { bits, width: 128 }
}

/** As RFC 5952 writes it. */
export function writeAddress(bits: bigint): string {
  if (isVersion4(bits)) {
    return [24n, 16n, 8n, 0n].map((shift) => String((bits >> shift) & 0xffn)).join('.')
  }
  const groups = Array.from({ length: 8 }, (_, at) =>
    Number((bits >> BigInt(112 - 16 * at)) & 0xffffn),
  )
  const zeros = longestZeros(groups)
  const hex = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(':')
  if (zeros.length < 2) return hex(groups)
  return `${hex(groups.slice(0, zeros.start))}::${hex(groups.slice(zeros.start + zeros.length))}`
}

export function isVersion4(bits: bigint): boolean {
  return bits >> 32n === 0xffffn
}

export const mappedBlock = 0xffff_0000_0000n

const longestAddress = 45

function readVersion4(text: string): bigint | undefined {
  const parts = text.split('.')
  if (parts.length !== 4 || !parts.every(isByte)) return undefined
  return parts.reduce((bits, part) => (bits << 8n) | BigInt(part), 0n)
}

function isByte(text: string): boolean {
  return /^(?:0|[1-9]\d{0,2})$/.test(text) && Number(text) <= 255
}

function readVersion6(text: string): bigint | undefined {
  const [left = '', right, ...more] = text.split('::')
  if (more.length > 0) return undefined
  if (right === undefined) {
    const groups = readGroups(left, true)
    return groups?.length === 8 ? joined(groups) : undefined
  }
  const before = left === '' ? [] : readGroups(left, false)
  const after = right === '' ? [] : readGroups(right, true)
  if (before === undefined || after === undefined) return undefined
  const missing = 8 - before.length - after.length
  return missing < 1 ? undefined : joined([...before, ...Array<bigint>(missing).fill(0n), ...after])
}

/** The groups of 16 bits; the last may be an address of version 4. */
function readGroups(text: string, isEnd: boolean): readonly bigint[] | undefined {
  const parts = text.split(':')
  const last = parts.at(-1) ?? ''
  const embedded = isEnd && last.includes('.') ? readVersion4(last) : undefined
  const plain = embedded === undefined ? parts : parts.slice(0, -1)
  if (!plain.every((part) => /^[\da-fA-F]{1,4}$/.test(part))) return undefined
  const groups = plain.map((part) => BigInt(`0x${part}`))
  return embedded === undefined ? groups : [...groups, embedded >> 16n, embedded & 0xffffn]
}

function joined(groups: readonly bigint[]): bigint {
  return groups.reduce((bits, group) => (bits << 16n) | group, 0n)
}

/** The first of the longest runs of groups that are zero. */
function longestZeros(groups: readonly number[]): {
  readonly start: number
  readonly length: number
} {
  let longest = { start: 0, length: 0 }
  let start = 0
  groups.forEach((group, at) => {
    if (group !== 0) start = at + 1
    else if (at + 1 - start > longest.length) longest = { start, length: at + 1 - start }
  })
  return longest
}
