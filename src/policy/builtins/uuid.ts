import { createHash } from 'node:crypto'
import type { RegoValue } from '../rego-value.js'
import type { Builtins, Moment } from './builtin.js'
import { canonicalText } from './canonical-text.js'
import { ofTexts } from './text-builtin.js'

/** A version 4 UUID here is no secret: whoever knows the input document can tell it, and replay gives the same again. */
export const uuid: Builtins = {
  'uuid.parse': ofTexts(1, 50, (text) => {
    const bytes = bytesOf(text)
    return bytes && { type: 'object', entries: membersOf(bytes) }
  }),
  'uuid.rfc4122': {
    cost: (bytes) => 10_000 + bytes * (200 + 20 * Math.log2(bytes + 1)),
    call: ([key], moment) => (key === undefined ? undefined : derive(moment, canonicalText(key))),
  },
}

/** As text, with dashes; in braces or behind `urn:uuid:`; or as 32 digits. */
function bytesOf(text: string): Buffer | undefined {
  // Of what stands for the braces only the length counts, in bytes.
  const written = Buffer.from(text).toString('latin1')
  const [, digits] =
    /^(?:urn:uuid:)?([\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})$/i.exec(written) ??
    /^[^]([\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})[^]$/i.exec(written) ??
    /^([\da-f]{32})$/i.exec(written) ??
    []
  return digits === undefined ? undefined : Buffer.from(digits.replaceAll('-', ''), 'hex')
}

function membersOf(bytes: Buffer): readonly (readonly [string, RegoValue])[] {
  const version = bytes.readUInt8(6) >> 4
  return [
    ['version', BigInt(version)],
    ['variant', variantOf(bytes.readUInt8(8))],
    ...(version === 1 || version === 2 ? timeMembers(bytes) : []),
    ...(version === 2 ? domainMembers(bytes) : []),
  ]
}

function variantOf(byte: number): string {
  if ((byte & 0xc0) === 0x80) return 'RFC4122'
  if ((byte & 0xe0) === 0xc0) return 'Microsoft'
  return (byte & 0xe0) === 0xe0 ? 'Future' : 'Reserved'
}

function timeMembers(bytes: Buffer): readonly (readonly [string, RegoValue])[] {
  const high = BigInt(bytes.readUInt16BE(6) & 0xfff)
  const ticks =
    (high << 48n) | (BigInt(bytes.readUInt16BE(4)) << 32n) | BigInt(bytes.readUInt32BE(0))
  const node = bytes.subarray(10).toString('hex').match(/../g) ?? []
  return [
    ['time', BigInt.asIntN(64, (ticks - ticksBeforeEpoch) * 100n)],
    ['nodeid', node.join('-')],
    ['macvariables', macVariablesOf(bytes.readUInt8(10))],
    ['clocksequence', BigInt(bytes.readUInt16BE(8) & 0x3fff)],
  ]
}

// Hundreds of nanoseconds since 15 October 1582 (RFC 9562, section 5.1).
const ticksBeforeEpoch = 122_192_928_000_000_000n

function macVariablesOf(byte: number): string {
  const scope = (byte & 2) === 0 ? 'global' : 'local'
  return `${scope}:${(byte & 1) === 0 ? 'unicast' : 'multicast'}`
}

function domainMembers(bytes: Buffer): readonly (readonly [string, RegoValue])[] {
  const domain = bytes.readUInt8(9)
  return [
    ['id', BigInt(bytes.readUInt32BE(0))],
    ['domain', ['Person', 'Group', 'Org'][domain] ?? `Domain${domain}`],
  ]
}

const digests = new WeakMap<Moment, Buffer>()

/** The same within a decision for the same key, and in each decision on the same document. */
function derive(moment: Moment, key: string): string {
  const known = digests.get(moment) ?? createHash('sha256').update(moment.document).digest()
  digests.set(moment, known)
  const bytes = createHash('sha256').update(known).update(key).digest().subarray(0, 16)
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x40, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  const digits = bytes.toString('hex')
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}
