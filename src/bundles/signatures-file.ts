import { z } from 'zod'
import { parseJsonPart } from './jws.js'
import { signatureFault } from './signature-fault.js'

/** Where OPA keeps a bundle's signature: at the top of the archive, and the one file that the signature does not list. */
export const signaturesName = '.signatures.json'

/**
 * The one JWS of a `.signatures.json`.
 * @throws PolicySupplyError `signature`
 */
export function readSignatures(text: Buffer): string {
  if (text.length > maxBytes) {
    throw signatureFault(`has ${text.length} bytes, over the limit of ${maxBytes}`)
  }
  const parsed = schema.safeParse(parseJsonPart(text, signaturesName))
  if (!parsed.success) {
    throw signatureFault(
      `cannot be read: ${signaturesName} is not {"signatures": ["…"]}. Sign the bundle anew`,
    )
  }
  const { signatures, plugin } = parsed.data
  if (plugin !== '' && plugin !== '_default') {
    throw signatureFault(
      `is for the plugin ${JSON.stringify(plugin.slice(0, 80))} of OPA: sign without --signing-plugin`,
    )
  }
  const [token] = signatures
  if (signatures.length > 1) {
    throw signatureFault(
      `is one of ${signatures.length} in ${signaturesName}: sign with one key. To change keys, configure both the old and the new one for a while`,
    )
  }
  if (token === undefined) throw signatureFault(`is missing: ${signaturesName} has none`)
  if (typeof token === 'string') return token
  throw signatureFault(`cannot be read: it is no text. Sign the bundle anew`)
}

export function printSignatures(token: string): Buffer {
  return Buffer.from(JSON.stringify({ signatures: [token] }))
}

const schema = z.looseObject({
  signatures: z.array(z.unknown()).default([]),
  plugin: z.string().default(''),
})

/** Ten thousand files with long names fit into it. */
const maxBytes = 8 * 1024 * 1024
