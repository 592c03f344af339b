import { z } from 'zod'
import { JsonFault, scanJson } from '../wire/json-text.js'
import { signatureFault } from './signature-fault.js'

/** A JWS in its compact form (RFC 7515), taken apart and not verified. */
export interface CompactJws {
  readonly algorithm: string
  /** '' where the header names no key. */
  readonly keyId: string
  readonly payload: Buffer
  readonly signature: Buffer
  /** What the signature is over. */
  readonly signed: Buffer
}

/** @throws PolicySupplyError `signature` */
export function readCompactJws(token: string): CompactJws {
  const parts = token.split('.')
  const [header = '', payload = '', signature = ''] = parts
  if (parts.length !== 3) throw signatureFault('is no JWS of three parts: sign the bundle anew')
  const { alg, kid } = readHeader(decode(header, 'header'))
  return {
    algorithm: alg,
    keyId: kid,
    payload: decode(payload, 'payload'),
    signature: decode(signature, 'signature'),
    signed: Buffer.from(`${header}.${payload}`),
  }
}

/**
 * A JSON text that every parser reads alike.
 * @throws PolicySupplyError `signature`
 */
export function parseJsonPart(text: Buffer, part: string): unknown {
  try {
    scanJson(text, 0)
    return JSON.parse(text.toString())
  } catch (thrown) {
    if (!(thrown instanceof JsonFault)) throw thrown
    throw signatureFault(`has a ${part} that is not used: ${thrown.message}`)
  }
}

function readHeader(text: Buffer): z.infer<typeof headerSchema> {
  const parsed = headerSchema.safeParse(parseJsonPart(text, 'header'))
  if (!parsed.success) throw signatureFault(`has a wrong header: ${z.prettifyError(parsed.error)}`)
  const { crit, b64 } = parsed.data
  if (crit !== undefined || b64 !== undefined) {
    throw signatureFault(
      'demands an extension (crit) that this build does not know: sign without it',
    )
  }
  return parsed.data
}

const headerSchema = z.looseObject({
  alg: z.string(),
  kid: z.string().default(''),
  crit: z.unknown().optional(),
  b64: z.unknown().optional(),
})

/** Base64url without padding; of the spellings of the same bytes only the one that encoders write. */
function decode(text: string, part: string): Buffer {
  const bytes = Buffer.from(text, 'base64url')
  if (bytes.toString('base64url') === text) return bytes
  throw signatureFault(`has a ${part} that is not base64url: sign the bundle anew`)
}
