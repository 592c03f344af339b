import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import type { Seal } from './seal.js'

/**
 * A seal under which nothing can be read: AES-256-GCM with a random nonce, bound to the principal. The first key closes,
 * each of them opens, so that any replica with the keys can read what another one wrote.
 * @throws RangeError without a key
 */
export function createOpaqueSeal(keys: readonly Buffer[]): Seal {
  const [current, ...former] = keys.map(derived)
  if (current === undefined) throw new RangeError('A seal needs a key')
  const known = [current, ...former]
  return {
    binds: true,
    close: (upstreamId, principalId) =>
      encrypted(packed(upstreamId), principalId, current).toString('base64url'),
    open: (sealedId, principalId) => {
      const sealed = Buffer.from(sealedId, 'base64url')
      // The decoder skips what is no base64url: one id must have one spelling.
      if (sealed.length <= nonceBytes + tagBytes || sealed.toString('base64url') !== sealedId) {
        return undefined
      }
      for (const key of known) {
        const text = decrypted(sealed, principalId, key)
        if (text !== undefined) return unpacked(text)
      }
      return undefined
    },
  }
}

const algorithm = 'aes-256-gcm'
const nonceBytes = 12
const tagBytes = 16

/** A key of its own: the same configured key also makes the tags of the other seal (RFC 5869). */
function derived(key: Buffer): Buffer {
  return Buffer.from(hkdfSync('sha256', key, Buffer.alloc(0), 'portcullis/opaque-seal/v1', 32))
}

function encrypted(text: Buffer, principalId: string, key: Buffer): Buffer {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv(algorithm, key, nonce)
  cipher.setAAD(Buffer.from(principalId))
  const body = Buffer.concat([cipher.update(text), cipher.final()])
  return Buffer.concat([nonce, body, cipher.getAuthTag()])
}

/** Undefined where another key or another principal's id closed it, or where it was changed. */
function decrypted(sealed: Buffer, principalId: string, key: Buffer): Buffer | undefined {
  const decipher = createDecipheriv(algorithm, key, sealed.subarray(0, nonceBytes), {
    authTagLength: tagBytes,
  })
  decipher.setAAD(Buffer.from(principalId))
  decipher.setAuthTag(sealed.subarray(-tagBytes))
  const body = decipher.update(sealed.subarray(nonceBytes, -tagBytes))
  try {
    return Buffer.concat([body, decipher.final()])
  } catch {
    return undefined
  }
}

const plain = 0
const deflated = 1

/** Shorter ones gain nothing; long ones repeat what one client said to several servers. */
const worthDeflating = 512

/** No id that was closed here is longer, bytes. */
const longestText = 64 * 1024

function packed(text: string): Buffer {
  const bytes = Buffer.from(text)
  return bytes.length < worthDeflating
    ? Buffer.concat([Buffer.of(plain), bytes])
    : Buffer.concat([Buffer.of(deflated), deflateRawSync(bytes)])
}

function unpacked(packedText: Buffer): string {
  const body = packedText.subarray(1)
  return packedText[0] === deflated
    ? inflateRawSync(body, { maxOutputLength: longestText }).toString()
    : body.toString()
}
