import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import type { SignatureAlgorithm } from '../domain/bundle.js'
import { unpackArchive } from './archive.js'
import { packArchive } from './archive-pack.js'
import { readContents } from './contents.js'
import { hashFile } from './hash.js'
import { refuseNames } from './layout.js'
import { algorithmOf, misfitOf, signText } from './signature-algorithm.js'
import { signatureFault } from './signature-fault.js'
import { printSignatures, signaturesName } from './signatures-file.js'
import { verifySignature } from './verify-signature.js'

export interface SigningOptions {
  /** The private key, PEM. */
  readonly keyPem: string
  /** What suits the key where it is not given: RS256 for an RSA key. */
  readonly algorithm?: SignatureAlgorithm | undefined
  /** The id under which whoever verifies knows the public key. */
  readonly keyId: string
  readonly scope?: string | undefined
  readonly issuer?: string | undefined
  /** Milliseconds since the epoch; the signature says the second. */
  readonly now: number
}

/**
 * The bundle with a signature over all its files, as OPA makes and verifies it; one that is there is replaced. Everything
 * but an ES or PS signature itself depends on the arguments alone.
 * @throws PolicySupplyError `archive` or `check` for what is no bundle, `signature` for a key that cannot sign it
 */
export async function signBundle(archive: Buffer, options: SigningOptions): Promise<Buffer> {
  const maxBytes = Math.max(archive.length, defaultMaxBytes)
  const unpacked = await unpackArchive(archive, maxBytes)
  refuseNames(unpacked.files.keys(), 'bundle')
  const files = new Map([...unpacked.files].filter(([name]) => name !== signaturesName))
  readContents(files, 'bundle')
  const key = privateKeyOf(options.keyPem)
  const algorithm = algorithmFor(key, options.algorithm)
  const token = tokenFor(files, key, algorithm, options)
  const signed = new Map([...files, [signaturesName, printSignatures(token)]])
  verifySignature(signed, {
    keys: [
      {
        id: options.keyId,
        algorithm,
        scope: options.scope ?? '',
        pem: pemOf(createPublicKey(key)),
      },
    ],
    requireSignature: true,
    now: options.now,
  })
  return packArchive(signed)
}

/** A new pair of keys: PKCS #8 and SubjectPublicKeyInfo, PEM. */
export function generateKeys(algorithm: SignatureAlgorithm = 'ES256'): {
  readonly privatePem: string
  readonly publicPem: string
} {
  const { privateKey, publicKey } = generatePair(algorithm)
  return {
    privatePem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicPem: pemOf(publicKey),
  }
}

function generatePair(algorithm: SignatureAlgorithm) {
  switch (algorithm) {
    case 'ES256':
      return generateKeyPairSync('ec', { namedCurve: 'P-256' })
    case 'ES384':
      return generateKeyPairSync('ec', { namedCurve: 'P-384' })
    case 'ES512':
      return generateKeyPairSync('ec', { namedCurve: 'P-521' })
    case 'EdDSA':
      return generateKeyPairSync('ed25519')
    case 'RS256':
    case 'RS384':
    case 'RS512':
    case 'PS256':
    case 'PS384':
    case 'PS512':
      return generateKeyPairSync('rsa', { modulusLength: 3072 })
  }
}

function pemOf(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'pem' }).toString()
}

function privateKeyOf(pem: string): KeyObject {
  try {
    return createPrivateKey(pem)
  } catch (thrown) {
    throw signatureFault(
      'cannot be made: the key is no private key in PEM without a password. Make one with "portcullis keys generate"',
      thrown,
    )
  }
}

function algorithmFor(key: KeyObject, wanted: SignatureAlgorithm | undefined): SignatureAlgorithm {
  const algorithm = wanted ?? algorithmOf(key)
  if (algorithm === undefined) {
    throw signatureFault(
      'cannot be made: bundles are signed with P-256, P-384, P-521, Ed25519 or RSA keys',
    )
  }
  const misfit = misfitOf(key, algorithm)
  if (misfit !== undefined) throw signatureFault(`cannot be made with this key: ${misfit}`)
  return algorithm
}

function tokenFor(
  files: ReadonlyMap<string, Buffer>,
  key: KeyObject,
  algorithm: SignatureAlgorithm,
  { keyId, scope = '', issuer, now }: SigningOptions,
): string {
  if (keyId === '') throw signatureFault('cannot be made without an id of its key: give one')
  const listed = [...files].map(([name, content]) => ({
    name,
    hash: hashFile(name, content, 'SHA-256'),
    algorithm: 'SHA-256',
  }))
  const claims = {
    files: listed.sort((a, b) => (a.name < b.name ? -1 : 1)),
    iat: Math.floor(now / 1000),
    ...(issuer === undefined ? {} : { iss: issuer }),
    keyid: keyId,
    ...(scope === '' ? {} : { scope }),
  }
  const text = [{ alg: algorithm, kid: keyId, typ: 'JWT' }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  return `${text}.${signText(Buffer.from(text), key, algorithm).toString('base64url')}`
}

/** What a gateway takes that was not told otherwise (`POLICY_BUNDLE_MAX_BYTES`). */
const defaultMaxBytes = 64 * 1024 * 1024
