import { BlockList, isIP } from 'node:net'

export function isLoopbackHost(host: string): boolean {
  const bare = host.toLowerCase().replace(/^\[|\]$/g, '')
  if (bare === 'localhost' || bare.endsWith('.localhost')) return true
  const family = isIP(bare)
  return family !== 0 && loopback.check(bare, family === 6 ? 'ipv6' : 'ipv4')
}

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

/** An address that a socket can be bound to. */
export function isBindAddress(host: string): boolean {
  return isIP(host) !== 0 || isHostName(host)
}

/** What `Host` may carry, without a port; an IPv6 address stands in brackets (RFC 3986, section 3.2.2). */
export function isHostHeaderName(name: string): boolean {
  if (name === '*' || isIP(name) === 4) return true
  if (name.startsWith('[')) return name.endsWith(']') && isIP(name.slice(1, -1)) === 6
  return isHostName(name)
}

/** A serialized origin: scheme, host and port, nothing behind them (RFC 6454, section 6.2); or `*` for any. */
export function isOrigin(origin: string): boolean {
  if (origin === '*') return true
  return /^[a-z][a-z0-9+.-]*:\/\/(?:\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::[0-9]{1,5})?$/i.test(origin)
}

/** An address or a network in CIDR notation (RFC 4632, RFC 4291). */
export function isNetwork(network: string): boolean {
  const [address = '', prefix, ...rest] = network.split('/')
  const family = isIP(address)
  if (family === 0 || address.includes('%') || rest.length > 0) return false
  if (prefix === undefined) return true
  return /^[0-9]{1,3}$/.test(prefix) && Number(prefix) <= (family === 6 ? 128 : 32)
}

/** Credentials are left out on purpose: an address is logged and shown, a secret setting is not. */
export function isHttpAddress(address: string): boolean {
  if (/\s/.test(address) || !URL.canParse(address)) return false
  const { protocol, username, password, hash } = new URL(address)
  const isHttp = protocol === 'http:' || protocol === 'https:'
  return isHttp && username === '' && password === '' && hash === ''
}

function isHostName(name: string): boolean {
  const labels = name.replace(/\.$/, '').split('.')
  const isNumeric = /^[0-9]+$/.test(labels.at(-1) ?? '')
  const areLabels = labels.every((label) =>
    /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/i.test(label),
  )
  return name.length <= 253 && areLabels && !isNumeric
}
