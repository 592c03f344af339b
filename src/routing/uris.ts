import { ownerOf, qualified, type Owned } from './names.js'

/**
 * A resource of one server where several are one: `portcullis:NAME/URI`. What follows a scheme without a slash is an
 * opaque path (WHATWG URL; `path-rootless` of RFC 3986), which no parser folds, lowers or encodes beyond what it would
 * do to any text. So the server's own URI, its `..`, its capitals and the braces of a template come back byte for byte,
 * also from clients that send URIs through a parser. The first slash splits, since no server has one in its name.
 *
 * `ui://` URIs keep their scheme, because hosts know apps by it: `ui://NAME__REST`.
 */
export function qualifiedUri(server: string, uri: string): string {
  return uri.startsWith(appScheme)
    ? `${appScheme}${qualified(server, uri.slice(appScheme.length))}`
    : `${scheme}${server}/${uri}`
}

/** Undefined for a URI that was never qualified. */
export function ownerOfUri(uri: string): Owned | undefined {
  if (uri.startsWith(appScheme)) {
    const owned = ownerOf(uri.slice(appScheme.length))
    return owned === undefined ? undefined : { ...owned, bare: `${appScheme}${owned.bare}` }
  }
  const slash = uri.indexOf('/')
  if (!uri.startsWith(scheme) || slash <= scheme.length) return undefined
  return { server: uri.slice(scheme.length, slash), bare: uri.slice(slash + 1) }
}

const scheme = 'portcullis:'
const appScheme = 'ui://'
