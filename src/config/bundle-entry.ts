import { bundleMembers, isTextMapping } from './bundle-members.js'
import { readCertificates } from './certificates.js'
import type { BundleLocation } from '../bundles/sources.js'
import type { BundleConfig } from './config.js'
import { isContent, type Content } from './content.js'
import type { Environment } from './environment.js'
import { readSecret, type ReadFile } from './given.js'
import { suggestion } from '../domain/nearest.js'
import { readKeys } from './verification-keys.js'

/** What holds for each bundle that does not say otherwise: the settings of the environment. */
export interface BundleDefaults
  extends Pick<BundleConfig, 'keys' | 'requireSignature'>, HttpDefaults {}

export type HttpDefaults = Pick<HttpSourceConfig, 'pollSec' | 'longPollSec' | 'ca'>

type HttpSourceConfig = Extract<BundleLocation, { readonly type: 'http' }>

export interface BundleAround {
  /** How a fault begins. */
  readonly place: string
  /** A path as it stands in the file, as it is seen from the process. */
  readonly beside: (path: string) => string
  readonly defaults: BundleDefaults
  readonly env: Environment
  readonly readFile: ReadFile
}

export interface ReadBundle {
  readonly bundle: BundleConfig | undefined
  /** The variable that holds its token. */
  readonly secretVariable: string | undefined
  readonly faults: readonly string[]
}

/** Reads one member of `bundles`. */
export function readBundle(name: string, given: unknown, around: BundleAround): ReadBundle {
  if (!isContent(given)) return broken(['give a mapping with "path" or "url"'], around)
  const shapeFaults = [...memberFaults(given), ...kindFaults(given), ...tokenFaults(given)]
  if (shapeFaults.length > 0) return broken(shapeFaults, around)
  const found: string[] = []
  const note: Note = (fault) => {
    found.push(fault)
  }
  const bundle = bundleOf(name, given, around, note)
  if (bundle.requireSignature && bundle.keys.length === 0) {
    note('require_signature demands a signature, and there are no keys: give keys')
  }
  if (found.length > 0) return broken(found, around)
  const variable = given['token_env']
  const secretVariable = typeof variable === 'string' ? variable : undefined
  return { bundle, secretVariable, faults: [] }
}

function broken(faults: readonly string[], { place }: BundleAround): ReadBundle {
  return {
    bundle: undefined,
    secretVariable: undefined,
    faults: faults.map((fault) => (fault.startsWith(place) ? fault : `${place}: ${fault}`)),
  }
}

function memberFaults(given: Content): string[] {
  return Object.entries(given).flatMap(([key, value]) => {
    const member = Object.hasOwn(bundleMembers, key) ? bundleMembers[key] : undefined
    if (member === undefined) {
      const meant = suggestion(key, Object.keys(bundleMembers))
      return [`there is no member ${JSON.stringify(key)}; remove it${meant}`]
    }
    return member.isAllowed(value) ? [] : [`${key} cannot be used: give ${member.allowed}`]
  })
}

function kindFaults(given: Content): string[] {
  if (given['path'] !== undefined && given['url'] !== undefined) {
    return ['path and url are both there: a bundle has one source; remove the other']
  }
  if (given['path'] === undefined && given['url'] === undefined) {
    return ['path and url are both missing: give one of them']
  }
  if (given['url'] !== undefined) return []
  return Object.keys(given)
    .filter((key) => bundleMembers[key]?.of === 'url')
    .map((key) => `${key} does not go with path: remove it`)
}

function tokenFaults(given: Content): string[] {
  const isTwice = given['token_file'] !== undefined && given['token_env'] !== undefined
  return isTwice ? ['token_file and token_env are both there: keep one of them'] : []
}

type Note = (fault: string) => void

function bundleOf(name: string, given: Content, around: BundleAround, note: Note): BundleConfig {
  const { layer, scope, sha256, keys, require_signature: required } = given
  const { defaults } = around
  if (required === false && defaults.requireSignature) {
    note('require_signature is false, and POLICY_REQUIRE_SIGNATURE is true: remove one of them')
  }
  return {
    name,
    layer: (layer ?? 'organisation') as BundleConfig['layer'],
    scope: isTextMapping(scope) ? scope : {},
    source: sourceOf(given, around, note),
    sha256: typeof sha256 === 'string' ? sha256.toLowerCase() : undefined,
    keys: keys === undefined ? defaults.keys : keysOf(keys, around, note),
    requireSignature: required === undefined ? defaults.requireSignature : required === true,
  }
}

function keysOf(keys: unknown, { beside, readFile }: BundleAround, note: Note) {
  const written = typeof keys === 'string' ? keys.split(',') : [keys].flat().map(String)
  const read = readKeys(
    written.map((item) => item.trim()),
    'keys',
    (path) => readFile(beside(path)),
  )
  for (const fault of read.faults) note(fault)
  return read.keys
}

function sourceOf(given: Content, around: BundleAround, note: Note): BundleLocation {
  const { path, url, poll_sec: pollSec, long_poll_sec: longPollSec } = given
  const { beside, defaults } = around
  if (typeof url !== 'string') return { type: 'disk', path: beside(String(path)) }
  const source: BundleLocation = {
    type: 'http',
    url,
    pollSec: typeof pollSec === 'number' ? pollSec : defaults.pollSec,
    longPollSec: typeof longPollSec === 'number' ? longPollSec : defaults.longPollSec,
    token: tokenOf(given, around, note),
    ca: caOf(given, around, note),
  }
  if (longPollSec !== undefined && source.longPollSec > 0 && source.pollSec === 0) {
    note('long_poll_sec would not be used where poll_sec is 0: give poll_sec, or remove it')
  }
  return source
}

function tokenOf(given: Content, { beside, env, readFile }: BundleAround, note: Note) {
  const { token_file: file, token_env: variable } = given
  if (typeof variable === 'string') {
    const value = env[variable]
    if (value !== undefined && visible.test(value)) return value
    note(`token_env names ${variable}, which is not set to one word of visible ASCII characters`)
    return undefined
  }
  if (typeof file !== 'string') return undefined
  const read = readSecret('token_file', beside(file), readFile)
  for (const fault of read.faults) note(fault)
  if (read.given.type === 'broken') return undefined
  const token = read.given.value
  if (typeof token === 'string' && visible.test(token)) return token
  note('token_file holds a secret that cannot be used: give one word of visible ASCII characters')
  return undefined
}

const visible = /^[\x21-\x7e]+$/

function caOf(given: Content, { beside, defaults, readFile }: BundleAround, note: Note) {
  const { ca_file: file } = given
  if (typeof file !== 'string') return defaults.ca
  const read = readCertificates(beside(file), readFile)
  if ('pem' in read) return read.pem
  note(`ca_file ${read.fault}`)
  return undefined
}
