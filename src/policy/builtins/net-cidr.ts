import { isVersion4, mappedBlock, readAddress, writeAddress } from './net-address.js'

/** A block of addresses in the 128 bits of `Address`; one of version 4 has a prefix of 96 at least. */
export interface Block {
  /** Its first address, as a rule. */
  readonly bits: bigint
  /** Bits that all of its addresses have in common, of 128. */
  readonly prefix: number
}

/** Reads `address/length` as Go does (RFC 4632, RFC 4291); what lies behind the prefix is passed over. */
export function readBlock(text: string): Block | undefined {
  const slash = text.indexOf('/')
  const address = slash === -1 ? undefined : readAddress(text.slice(0, slash))
  const length = text.slice(slash + 1)
  if (address === undefined || !/^\d+$/.test(length)) return undefined
  if (Number(length) > address.width) return undefined
  const prefix = Number(length) + 128 - address.width
  return { bits: firstAddress({ bits: address.bits, prefix }), prefix }
}

/** An address of version 4 as the block that its class stands for, its own bits kept: so OPA takes a bare address. */
export function readClass(text: string): Block | undefined {
  const address = readAddress(text)
  if (address === undefined || !isVersion4(address.bits)) return undefined
  const first = (address.bits - mappedBlock) >> 24n
  const length = first < 0x80n ? 8 : first < 0xc0n ? 16 : 24
  return { bits: address.bits, prefix: 96 + length }
}

export function firstAddress({ bits, prefix }: Block): bigint {
  const behind = BigInt(128 - prefix)
  return (bits >> behind) << behind
}

export function lastAddress({ bits, prefix }: Block): bigint {
  return bits | ((1n << BigInt(128 - prefix)) - 1n)
}

/** How many addresses it has. */
export function sizeOf({ prefix }: Block): number {
  return 2 ** (128 - prefix)
}

/** As Go does: an address of version 4 is in no block of version 6, however it is written. */
export function containsAddress(block: Block, bits: bigint): boolean {
  if (isVersion4(bits) !== isVersion4(block.bits)) return false
  return firstAddress({ bits, prefix: block.prefix }) === block.bits
}

export function containsBlock(outer: Block, inner: Block): boolean {
  if (isVersion4(outer.bits) !== isVersion4(inner.bits)) return false
  return outer.prefix <= inner.prefix && containsPrefix(outer, inner)
}

function containsPrefix(outer: Block, { bits }: Block): boolean {
  return firstAddress({ bits, prefix: outer.prefix }) === outer.bits
}

export function writeBlock({ bits, prefix }: Block): string {
  return `${writeAddress(bits)}/${isVersion4(bits) ? prefix - 96 : prefix}`
}
