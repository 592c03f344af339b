import { textOfBytes } from './json-value.js'
import { readAddress } from './net-address.js'
import { unescape } from './uri-escape.js'

export interface Host {
  readonly hostname: string
  /** Digits, none where no port is told. */
  readonly port: string
}

/** The host of `user@host:port`; undefined where Go does not take it. */
export function readAuthority(authority: string, scheme: string): Host | undefined {
  const at = authority.lastIndexOf('@')
  const user = at === -1 ? '' : authority.slice(0, at)
  if (!userInfo.test(user) || unescape(user, 'user') === undefined) return undefined
  const host = authority.slice(at + 1)
  const bracket = host.lastIndexOf('[')
  if (bracket > 0) return undefined
  return bracket === 0 ? readLiteral(host) : readName(host, scheme)
}

const userInfo = /^[\w.:~!$&'()*+,;=%@-]*$/

function readName(host: string, scheme: string): Host | undefined {
  if (!isPort(portOf(host, scheme))) return undefined
  const bytes = unescape(host, 'host')
  if (bytes === undefined) return undefined
  const name = textOfBytes(bytes)
  const colon = name.lastIndexOf(':')
  return colon === -1
    ? { hostname: name, port: '' }
    : { hostname: name.slice(0, colon), port: name.slice(colon + 1) }
}

/** From the first colon, except where other schemes write several hosts. */
function portOf(host: string, scheme: string): string {
  const isWeb = scheme === 'http' || scheme === 'https'
  const colon = isWeb ? host.indexOf(':') : host.lastIndexOf(':')
  return colon === -1 ? '' : host.slice(colon)
}

function isPort(text: string): boolean {
  return /^(?::\d*)?$/.test(text)
}

/** An address of version 6 in brackets, with its zone where it has one (RFC 6874). */
function readLiteral(host: string): Host | undefined {
  const end = host.lastIndexOf(']')
  const port = host.slice(end + 1)
  if (end === -1 || !isPort(port)) return undefined
  const hostname = unescapedLiteral(host.slice(1, end))
  if (hostname === undefined || !isVersion6(hostname)) return undefined
  return { hostname, port: port.slice(1) }
}

function unescapedLiteral(written: string): string | undefined {
  const percent = written.indexOf('%25')
  const zoneAt = percent === -1 ? written.length : percent
  const address = unescape(written.slice(0, zoneAt), 'host')
  const zone = unescape(written.slice(zoneAt), 'zone')
  if (address === undefined || zone === undefined) return undefined
  return textOfBytes(Buffer.concat([address, zone]))
}

function isVersion6(text: string): boolean {
  const percent = text.indexOf('%')
  const address = percent === -1 ? text : text.slice(0, percent)
  const hasEmptyZone = percent === text.length - 1
  return address.includes(':') && !hasEmptyZone && readAddress(address) !== undefined
}
