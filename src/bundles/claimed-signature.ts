import { unpackArchive } from './archive.js'
import { readCompactJws } from './jws.js'
import { readClaims } from './signature-claims.js'
import { readSignatures, signaturesName } from './signatures-file.js'

/** What a bundle says of its signature. Nothing of it is verified. */
export interface ClaimedSignature {
  readonly algorithm: string
  readonly keyId: string
  readonly scope: string
  /** Seconds since the epoch. */
  readonly issuedAt: number | undefined
}

/**
 * What the signature says of itself; undefined where there is none.
 * @throws PolicySupplyError `archive`, or `signature` where it cannot be read
 */
export async function claimedSignature(
  archive: Buffer,
  maxBytes: number,
): Promise<ClaimedSignature | undefined> {
  const { files } = await unpackArchive(archive, maxBytes)
  const text = files.get(signaturesName)
  if (text === undefined) return undefined
  const { algorithm, keyId, payload } = readCompactJws(readSignatures(text))
  const { keyid, scope, iat } = readClaims(payload)
  return { algorithm, keyId: keyId === '' ? keyid : keyId, scope, issuedAt: iat }
}
