import { createHash, createPrivateKey, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { SignatureAlgorithm, VerificationKey } from '../../src/domain/bundle.js'
import { type BundleTerms, openBundle } from '../../src/bundles/open-bundle.js'
import { PolicySupplyError } from '../../src/domain/errors.js'
import { tarGz, type TarEntry } from './archives.js'

const fixtures = new URL('../fixtures/bundles/signed/', import.meta.url)

export const now = Date.parse('2026-06-01T00:00:00Z')

/** Which of the fixtures' keys signs with an algorithm. */
export const keyNames: Readonly<Record<SignatureAlgorithm, string>> = {
  ...{ ES256: 'ec-256', ES384: 'ec-384', ES512: 'ec-521', EdDSA: 'ed25519' },
  ...{ RS256: 'rsa', RS384: 'rsa', RS512: 'rsa', PS256: 'rsa', PS384: 'rsa', PS512: 'rsa' },
}

export function fixture(name: string): Buffer {
  return readFileSync(new URL(name, fixtures))
}

/** One of the keys that signed the fixtures. */
export function keyOf(
  name: string,
  algorithm: SignatureAlgorithm,
  id = name,
  scope = '',
): VerificationKey {
  return { id, algorithm, scope, pem: fixture(`keys/${name}.pub.pem`).toString() }
}

export function termsOf(...keys: VerificationKey[]): BundleTerms {
  return { maxBytes: 1 << 24, sha256: undefined, keys, requireSignature: true, now }
}

export const files: Readonly<Record<string, string>> = {
  'data.json': '{"hr":{"cap":1}}',
  '.manifest': '{"revision":"r1","roots":["hr"]}',
  'note.txt': 'hello',
}

/** An entry of a signature's list that says what OPA would. Only for files whose canonical text is their text. */
export function listed(name: string, content: string): object {
  return {
    name,
    hash: createHash('sha256').update(content).digest('hex'),
    algorithm: 'SHA-256',
  }
}

export interface Forgery {
  readonly header?: object
  readonly claims?: object
  /** Instead of a signature by the EC key of the fixtures. */
  readonly signature?: (text: Buffer) => Buffer
  readonly entries?: readonly TarEntry[]
}

/** A token that is as wrong as one wants it. */
export function tokenOf({ header = {}, claims = {}, signature = signEs256 }: Forgery = {}): string {
  const honest = {
    files: Object.entries(files).map(([name, content]) => listed(name, content)),
    iat: now / 1000 - 60,
  }
  const text = [
    { alg: 'ES256', kid: 'ec-256', typ: 'JWT', ...header },
    { ...honest, ...claims },
  ]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  return `${text}.${signature(Buffer.from(text)).toString('base64url')}`
}

export function archiveWith(
  signatures: string | undefined,
  entries: readonly TarEntry[] = entriesOf(files),
): Buffer {
  const signed = signatures === undefined ? [] : [{ name: '.signatures.json', content: signatures }]
  return tarGz([...entries, ...signed])
}

export function entriesOf(given: Readonly<Record<string, string>>): readonly TarEntry[] {
  return Object.entries(given).map(([name, content]) => ({ name: `/${name}`, content }))
}

export function forged(forgery: Forgery = {}): Buffer {
  return archiveWith(JSON.stringify({ signatures: [tokenOf(forgery)] }), forgery.entries)
}

export async function refusalOf(archive: Buffer, terms: BundleTerms): Promise<string> {
  const fault: unknown = await openBundle(archive, terms).catch((thrown: unknown) => thrown)
  if (!(fault instanceof PolicySupplyError)) throw new Error('not refused', { cause: fault })
  return `${fault.fault}: ${fault.message}`
}

function signEs256(text: Buffer): Buffer {
  const key = createPrivateKey(fixture('keys/ec-256.pem'))
  return sign('sha256', text, { key, dsaEncoding: 'ieee-p1363' })
}
