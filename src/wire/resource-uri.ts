/**
 * The other texts under which a server may look this URI (RFC 3986) or URI template up: normalised, decoded up to
 * three times, in whichever order it does that. At most 32, and none for a URI that reads one way only. Never throws.
 */
export function normalForms(uri: string): readonly string[] {
  if (onlyForm.test(uri)) return []
  const forms = new Set([asUrlParsersRead(uri)])
  let texts = [uri, ...hostAsFolder(uri)]
  for (let decodings = 0; ; decodings += 1) {
    const normalised = texts.map(normalise)
    for (const form of normalised) forms.add(form)
    const decoded = new Set([...texts, ...normalised].map(decode))
    for (const text of texts) decoded.delete(text)
    if (decodings === mostDecodings || decoded.size === 0) break
    texts = [...decoded]
  }
  forms.delete(uri)
  return [...forms]
}

const mostDecodings = 3

/** Nothing to decode or to normalise; the schemes whose hosts have several spellings are left to the long way. */
const onlyForm =
  /^(?!(?:https?|wss?|ftp):|file:\/\/[^/])[a-z][a-z0-9+.-]*:\/\/[a-z0-9_-]*(?:\.[a-z0-9_-]+)*(?:\/[\w~{}-][\w.~!$&'()*+,;:=@{}-]*)*$/

/** As WHATWG URL has it: hosts in ASCII, addresses in four numbers, letters beyond ASCII encoded. Templates keep their braces. */
function asUrlParsersRead(uri: string): string {
  if (!URL.canParse(uri)) return uri
  const { href } = new URL(uri)
  return uri.includes('{') ? href.replaceAll('%7B', '{').replaceAll('%7D', '}') : href
}

/** Servers that cut `file://` off take what was the host for the first folder. */
function hostAsFolder(uri: string): readonly string[] {
  const path = /^file:[/\\]{2}([^/\\].*)$/is.exec(uri)?.[1]
  return path === undefined ? [] : [`file:///${path}`]
}

/** RFC 3986, section 6.2, and what file systems make of slashes; without a fragment, which no server needs. */
function normalise(text: string): string {
  const [whole = ''] = text.replaceAll(dropped, '').split(/[#\0]/, 1)
  const parts = /^([a-z][a-z0-9+.-]*):([^?]*)(.*)$/is.exec(whole.replaceAll('\\', '/'))
  if (parts === null) return whole
  const [, name = '', rest = '', query = ''] = parts
  const scheme = name.toLowerCase()
  if (scheme === 'file') return `file://${filePath(rest)}`
  const port = defaultPorts.get(scheme)
  const located = port === undefined ? rest : `//${rest.replace(/^\/+/, '')}`
  const [, authority, path = ''] = /^\/\/([^/]*)(.*)$/s.exec(located) ?? []
  const kept = query === '?' ? '' : query
  if (authority !== undefined) return `${scheme}://${hostOf(authority, port)}${folded(path)}${kept}`
  return `${scheme}:${located.startsWith('/') ? folded(located) : located}${kept}`
}

/** WHATWG parsers drop them wherever they stand. */
const dropped = /[\t\n\r]/g

/** The schemes that cannot be without a host, however many slashes stand before it. */
const defaultPorts: ReadonlyMap<string, string> = new Map([
  ['http', '80'],
  ['ws', '80'],
  ['https', '443'],
  ['wss', '443'],
  ['ftp', '21'],
])

/** Many servers look at the path alone, so the host goes, and file systems do not need a slash at the end. */
function filePath(rest: string): string {
  const path = folded(`/${rest.replace(/^\/\/[^/]*/, '')}`)
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
}

function hostOf(authority: string, defaultPort: string | undefined): string {
  const named = authority.slice(authority.lastIndexOf('@') + 1).toLowerCase()
  const host = named.replace(rootDot, '')
  const colon = host.lastIndexOf(':')
  const port = colon === -1 ? undefined : host.slice(colon + 1)
  const isImplicit = port === '' || (port !== undefined && port === defaultPort)
  return isImplicit ? host.slice(0, colon) : host
}

/** Names are looked up alike with and without it. */
const rootDot = /\.(?=:|$)/

/** Without dot segments and empty ones. */
function folded(path: string): string {
  if (path === '') return ''
  const kept: string[] = []
  const segments = path.split('/')
  for (const segment of segments) {
    if (segment === '..') kept.pop()
    else if (segment !== '' && segment !== '.') kept.push(segment)
  }
  const isFolder = kept.length > 0 && ['', '.', '..'].includes(segments.at(-1) ?? '')
  return `/${kept.join('/')}${isFolder ? '/' : ''}`
}

/** Percent-decoded once, as UTF-8. */
function decode(text: string): string {
  return text.replace(escapes, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString())
}

const escapes = /(?:%[0-9a-f]{2})+/gi
