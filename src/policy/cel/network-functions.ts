import { readAddress } from '../builtins/net-address.js'
import { containsAddress, readBlock, type Block } from '../builtins/net-cidr.js'
import { celFunc, celMethod, CelScalar, listType, type CelFunc } from './engine.js'
import { CelReason, meter, spend } from './meter.js'

const { BOOL, DYN, INT, STRING } = CelScalar

/** An IPv4 address that is written as IPv6 (`::ffff:10.0.0.1`) counts as IPv4. */
export const networkFunctions: readonly CelFunc[] = [
  celMethod('inCidr', STRING, [STRING], BOOL, function (cidr) {
    return isInside(this, [blockOf(cidr)])
  }),
  celMethod('inCidr', STRING, [listType(DYN)], BOOL, function (cidrs) {
    spend(cidrs.size * stepsPerAddress)
    return isInside(this, [...cidrs].map(blockOf))
  }),
  celFunc('@inCidr', [STRING, INT], BOOL, (ip, literal) => {
    return isInside(ip, meter.literals[Number(literal)] as readonly Block[])
  }),
]

/** @throws CelReason */
export function blockOf(cidr: unknown): Block {
  const isShort = typeof cidr === 'string' && cidr.length <= longestBlock
  const block = isShort ? readBlock(cidr) : undefined
  if (block === undefined)
    throw new CelReason('no CIDR block: write such as 10.0.0.0/8 or fd00::/8')
  return block
}

const longestBlock = 64
const stepsPerAddress = 8

function isInside(ip: string, blocks: readonly Block[]): boolean {
  spend(stepsPerAddress + blocks.length * 2)
  const address = readAddress(ip)
  if (address === undefined) throw new CelReason('no IP address')
  return blocks.some((block) => containsAddress(block, address.bits))
}
