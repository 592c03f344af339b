import type { RegoValue } from '../rego-value.js'
import type { Builtins } from './builtin.js'
import { textOfBytes } from './json-value.js'
import { asText } from './operands.js'
import { readAuthority } from './uri-authority.js'
import { isDefaultPath, unescape } from './uri-escape.js'

export const uri: Builtins = {
  'uri.parse': {
    cost: parsing,
    call([first]) {
      const text = asText(first)
      const parts = text === undefined ? undefined : parseUri(text)
      if (parts === undefined) return undefined
      const entries = Object.entries(parts).filter(([, part]) => part !== '')
      return { type: 'object', entries }
    },
  },
  'uri.is_valid': {
    cost: parsing,
    call([first]): RegoValue {
      const text = asText(first) ?? ''
      return text !== '' && parseUri(text) !== undefined
    },
  },
}

function parsing(bytes: number): number {
  return 15_000 + bytes * 250
}

/** What `uri.parse` tells of a URI; empty where it has no such part. */
interface UriParts {
  readonly scheme: string
  readonly hostname: string
  readonly port: string
  readonly path: string
  readonly raw_path: string
  readonly raw_query: string
  readonly fragment: string
}

const noParts: UriParts = {
  scheme: '',
  hostname: '',
  port: '',
  path: '',
  raw_path: '',
  raw_query: '',
  fragment: '',
}

/** Reads a URI or a reference as Go's net/url does, which is a little more than RFC 3986. */
function parseUri(text: string): UriParts | undefined {
  const [written, rawFragment] = cut(text, '#')
  const fragment = unescape(rawFragment, 'fragment')
  const split = control.test(written) ? undefined : splitScheme(written)
  if (split === undefined || fragment === undefined) return undefined
  const parts = { ...noParts, scheme: split.scheme.toLowerCase(), fragment: textOfBytes(fragment) }
  if (written === '*') return { ...parts, path: '*', raw_path: '*' }
  const [rest, raw_query] = cut(split.rest, '?')
  return parseHierarchy({ ...parts, raw_query }, rest)
}

const control = /(?=\p{ASCII})\p{Cc}/u

/** Of what stands between scheme and query. */
function parseHierarchy(parts: UriParts, rest: string): UriParts | undefined {
  if (!rest.startsWith('/')) {
    if (parts.scheme !== '') return parts // such as mailto:
    if (cut(rest, '/')[0].includes(':')) return undefined
  }
  const hasAuthority = rest.startsWith('//') && (parts.scheme !== '' || !rest.startsWith('///'))
  if (!hasAuthority) return withPath(parts, rest)
  const slash = rest.indexOf('/', 2)
  const authority = slash === -1 ? rest.slice(2) : rest.slice(2, slash)
  const host = readAuthority(authority, parts.scheme)
  return host === undefined
    ? undefined
    : withPath({ ...parts, ...host }, slash === -1 ? '' : rest.slice(slash))
}

function withPath(parts: UriParts, written: string): UriParts | undefined {
  const bytes = unescape(written, 'path')
  if (bytes === undefined) return undefined
  const path = textOfBytes(bytes)
  return { ...parts, path, raw_path: isDefaultPath(written, bytes) ? path : written }
}

/** Undefined where there is a colon without a scheme before it. */
function splitScheme(text: string): { readonly scheme: string; readonly rest: string } | undefined {
  if (text.startsWith(':')) return undefined
  const [scheme] = /^[a-z][a-z\d+.-]*(?=:)/i.exec(text) ?? []
  return scheme === undefined
    ? { scheme: '', rest: text }
    : { scheme, rest: text.slice(scheme.length + 1) }
}

function cut(text: string, separator: string): readonly [before: string, behind: string] {
  const at = text.indexOf(separator)
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + separator.length)]
}
