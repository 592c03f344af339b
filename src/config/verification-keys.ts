import type { VerificationKey } from '../domain/bundle.js'
import { JsonFault, scanJson } from '../wire/json-text.js'
import { isContent } from './content.js'
import { errorCode, type ReadFile } from './given.js'
import { keyFromJwk, keyFromPem, type ReadKey } from './public-key.js'

export interface Keys {
  readonly keys: readonly VerificationKey[]
  readonly faults: readonly string[]
}

/**
 * Reads the public keys that bundles may be signed with.
 * @param written each the path of a JWK Set (RFC 7517), or `id=file.pem`, which `;alg=…` and `;scope=…` may follow
 * @param origin how a fault begins
 */
export function readKeys(written: readonly string[], origin: string, readFile: ReadFile): Keys {
  const read = written.map((item) =>
    item.includes('=') ? fromPem(item, readFile) : fromSet(item, readFile),
  )
  const keys = read.flatMap((each) => each.keys)
  const faults = read.flatMap((each) => each.faults)
  const ids = keys.map(({ id }) => id)
  const twice = new Set(ids.filter((id, index) => ids.indexOf(id) !== index))
  const sameIds = Array.from(
    twice,
    (id) => `has two keys with the id ${JSON.stringify(id)}: give each another`,
  )
  return { keys, faults: [...faults, ...sameIds].map((fault) => `${origin} ${fault}`) }
}

function fromPem(item: string, readFile: ReadFile): Keys {
  const [first = '', ...options] = item.split(';')
  const at = first.indexOf('=')
  const id = first.slice(0, at).trim()
  const path = first.slice(at + 1).trim()
  if (id === '' || path === '') {
    return broken(`has ${JSON.stringify(item)}: give id=file.pem, or the path of a JWKS file`)
  }
  const terms = pemTerms(options)
  if ('fault' in terms) return broken(`has ${JSON.stringify(item)}: ${terms.fault}`)
  const text = readText(path, readFile)
  if ('fault' in text) return broken(text.fault)
  if (text.text.trimStart().startsWith('{')) {
    return broken(
      `names ${path}, which is JSON: give a JWKS file without "${id}=" in front; its keys have their ids in it`,
    )
  }
  return named(`names ${path}, which`, keyFromPem(text.text, { id, ...terms }))
}

function pemTerms(
  options: readonly string[],
): { algorithm: string | undefined; scope: string } | { fault: string } {
  const given = new Map<string, string>()
  for (const option of options) {
    const [, name = '', value = ''] = /^\s*(alg|scope)=(.*?)\s*$/.exec(option) ?? []
    if (name === '' || given.has(name)) {
      return { fault: 'after the file only ;alg=… and ;scope=… may stand, once each' }
    }
    given.set(name, value)
  }
  return { algorithm: given.get('alg'), scope: given.get('scope') ?? '' }
}

function fromSet(path: string, readFile: ReadFile): Keys {
  const text = readText(path, readFile)
  if ('fault' in text) return broken(text.fault)
  if (text.text.includes('-----BEGIN')) {
    return broken(`names ${path}, which is a PEM file: give it an id, as in ops=${path}`)
  }
  const set = parsed(text.text)
  if ('fault' in set) return broken(`names ${path}, which is not JSON: ${set.fault}`)
  const members = isContent(set.value) ? set.value['keys'] : undefined
  if (!Array.isArray(members) || members.length === 0) {
    return broken(`names ${path}, which has no keys: give a JWK Set, {"keys": [{"kty": …}]}`)
  }
  const read = members.map((member: unknown, index) => fromMember(member, path, index))
  return { keys: read.flatMap(({ keys }) => keys), faults: read.flatMap(({ faults }) => faults) }
}

function fromMember(member: unknown, path: string, index: number): Keys {
  const place = `names ${path}, whose key ${index + 1}`
  if (!isContent(member)) return broken(`${place} is no mapping: give a JWK`)
  const { kid, alg, scope = '' } = member
  if (typeof kid !== 'string' || kid === '') {
    return broken(`${place} has no kid: give it the id that signatures name`)
  }
  const called = `${place} (${JSON.stringify(kid)})`
  if (typeof scope !== 'string') return broken(`${called} has a scope that is no text`)
  return named(called, keyFromJwk(member, { id: kid, algorithm: alg, scope }))
}

function named(place: string, read: ReadKey): Keys {
  return read.key === undefined
    ? broken(`${place} ${read.fault}`)
    : { keys: [read.key], faults: [] }
}

function broken(fault: string): Keys {
  return { keys: [], faults: [fault] }
}

function readText(path: string, readFile: ReadFile): { text: string } | { fault: string } {
  try {
    return { text: readFile(path) }
  } catch (error) {
    return {
      fault: `names ${path}, which cannot be read (${errorCode(error)}): give a file with public keys that the gateway may read`,
    }
  }
}

/** The value of a JSON text in which no member stands twice. */
function parsed(text: string): { value: unknown } | { fault: string } {
  try {
    scanJson(Buffer.from(text))
    return { value: JSON.parse(text) as unknown }
  } catch (thrown) {
    return { fault: thrown instanceof JsonFault ? thrown.message : 'it cannot be parsed' }
  }
}
