import { BlockList, isIP } from 'node:net'

/** The peers whose word about others is believed. */
export interface Proxies {
  include(address: string): boolean
}

/** @param cidrs addresses or CIDR ranges, IPv4 or IPv6, checked before */
export function createProxies(cidrs: readonly string[]): Proxies {
  const list = new BlockList()
  for (const cidr of cidrs) {
    const [address = '', prefix] = cidr.split('/', 2)
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    if (prefix === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(prefix), family)
  }
  // Looking an address up costs as much as parsing a request, and the same peers come again and again.
  const known = new Map<string, boolean>()
  const lookUp = (address: string): boolean => {
    const version = isIP(address)
    return version !== 0 && list.check(address, version === 6 ? 'ipv6' : 'ipv4')
  }
  return {
    include: (address) => {
      if (cidrs.length === 0) return false
      const kept = known.get(address)
      if (kept !== undefined) return kept
      if (known.size >= keptAnswers) known.clear()
      const answer = lookUp(address)
      known.set(address, answer)
      return answer
    },
  }
}

const keptAnswers = 1000

/** An IPv4 address that arrived on an IPv6 socket, as IPv4; anything else as it is. */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && isIP(address.slice(7)) === 4 ? address.slice(7) : address
}
