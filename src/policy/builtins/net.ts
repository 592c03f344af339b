import { isRegoArray } from '../rego-text.js'
import type { RegoValue } from '../rego-value.js'
import type { Builtin, Builtins } from './builtin.js'
import { handlingCost } from './handling-cost.js'
import { isComposite } from './json-value.js'
import { isVersion4, readAddress, writeAddress } from './net-address.js'
import {
  containsAddress,
  containsBlock,
  readBlock,
  readClass,
  sizeOf,
  writeBlock,
  type Block,
} from './net-cidr.js'
import { mergeBlocks } from './net-merge.js'
import { asText, membersOf } from './operands.js'

export const net: Builtins = {
  'net.cidr_is_valid': {
    cost: (bytes) => 10_000 + bytes * 20,
    call: ([first]) => readBlock(asText(first) ?? '') !== undefined,
  },
  'net.cidr_expand': {
    cost: (bytes, [first]) => 10_000 + bytes * 20 + expansionCost(first),
    call([first]) {
      const block = readBlock(asText(first) ?? '')
      return block === undefined ? undefined : { type: 'set', members: [...addresses(block)] }
    },
  },
  'net.cidr_merge': {
    cost: (bytes) => 20_000 + handlingCost(bytes) * 6,
    call([first]) {
      const blocks = membersOf(first)?.map(addressOrBlock)
      if (blocks?.every((block) => block !== undefined) !== true) return undefined
      return { type: 'set', members: [...new Set(mergeBlocks(blocks).map(writeBlock))] }
    },
  },
  'net.cidr_contains_matches': containsMatches(),
}

function expansionCost(cidr: RegoValue | undefined): number {
  const block = readBlock(asText(cidr) ?? '')
  if (block === undefined) return 0
  return Math.min(sizeOf(block), 1e9) * (isVersion4(block.bits) ? 1_500 : 8_000)
}

function* addresses({ bits, prefix }: Block): Generator<string> {
  const end = bits + (1n << BigInt(128 - prefix))
  for (let address = bits; address < end; address += 1n) yield writeAddress(address)
}

function addressOrBlock(value: RegoValue): Block | undefined {
  const text = asText(value) ?? ''
  return readAddress(text) === undefined ? readBlock(text) : readClass(text)
}

function containsMatches(): Builtin {
  return {
    cost: (bytes, [first, second]) =>
      20_000 + bytes * 500 + (1 + lengthOf(first)) * (1 + lengthOf(second)) * 3_000,
    call([first, second]) {
      const outer = candidates(first)
      const inner = candidates(second)
      if (outer?.length === 0) return { type: 'set', members: [] }
      if (outer === undefined || inner === undefined) return undefined
      return inner.length === 0 ? { type: 'set', members: [] } : matches(outer, inner)
    },
  }
}

function matches(outer: readonly Candidate[], inner: readonly Candidate[]): RegoValue | undefined {
  const blocks = outer.map(({ written }) => readBlock(asText(written) ?? ''))
  const tests = inner.map(({ written }) => containment(asText(written) ?? ''))
  if (!blocks.every((block) => block !== undefined)) return undefined
  if (!tests.every((test) => test !== undefined)) return undefined
  const pairs = blocks.flatMap((block, at) =>
    tests.flatMap((isIn, other) =>
      isIn(block) ? [[outer[at]?.index ?? null, inner[other]?.index ?? null]] : [],
    ),
  )
  return { type: 'set', members: pairs }
}

/** Asks whether a block contains the address or block that is written. */
function containment(text: string): ((block: Block) => boolean) | undefined {
  const address = readAddress(text)
  if (address !== undefined) return (block) => containsAddress(block, address.bits)
  const inner = readBlock(text)
  return inner === undefined ? undefined : (block) => containsBlock(block, inner)
}

interface Candidate {
  readonly written: RegoValue
  /** Where it stands in the argument: an index, a key, or the member of the set itself. */
  readonly index: RegoValue
}

/** Undefined where one of them is neither text nor an array that begins with it; none in an argument that holds nothing. */
function candidates(value: RegoValue | undefined): readonly Candidate[] | undefined {
  const all = places(value).map(([index, held]) => {
    const written = isRegoArray(held) ? held[0] : asText(held)
    return written === undefined ? undefined : { written, index }
  })
  return all.every((candidate) => candidate !== undefined) ? all : undefined
}

function places(value: RegoValue | undefined): readonly (readonly [RegoValue, RegoValue])[] {
  if (typeof value === 'string') return [[value, value]]
  if (isRegoArray(value)) return value.map((held, at) => [BigInt(at), held])
  if (!isComposite(value)) return []
  return value.type === 'set' ? value.members.map((member) => [member, member]) : value.entries
}

function lengthOf(value: RegoValue | undefined): number {
  return places(value).length
}
