import { z } from 'zod'
import type { PolicySupplyError } from '../domain/errors.js'
import { maxEntries } from './archive-tar.js'
import { parseJsonPart } from './jws.js'
import { signatureFault } from './signature-fault.js'

/** What a signature says, in OPA's words and those of RFC 7519; times are seconds since the epoch. */
export interface Claims {
  readonly files: readonly SignedFile[]
  /** '' where there is none. */
  readonly keyid: string
  /** '' where there is none. */
  readonly scope: string
  readonly iat: number | undefined
  readonly exp: number | undefined
  readonly nbf: number | undefined
}

export interface SignedFile {
  readonly name: string
  /** Hex. */
  readonly hash: string
  readonly algorithm: string
}

/** @throws PolicySupplyError `signature` */
export function readClaims(payload: Buffer): Claims {
  const parsed = claimsSchema.safeParse(parseJsonPart(payload, 'payload'))
  if (!parsed.success) throw wrongPayload(parsed.error)
  const { files, keyid, scope, iat, exp, nbf } = parsed.data
  if (files.length > maxEntries) {
    throw signatureFault(`lists ${files.length} files, over the limit of ${maxEntries}`)
  }
  return { files: files.map(readSignedFile), keyid, scope, iat, exp, nbf }
}

function readSignedFile(file: unknown, index: number): SignedFile {
  const parsed = fileSchema.safeParse(file)
  if (parsed.success) return parsed.data
  throw wrongPayload(parsed.error, `files.${index}`)
}

function wrongPayload({ issues: [issue] }: z.ZodError, within?: string): PolicySupplyError {
  const place = [...(within === undefined ? [] : [within]), ...(issue?.path ?? [])]
  return signatureFault(
    `has a wrong payload: ${place.map(String).join('.')}: ${issue?.message ?? ''}. Sign the bundle anew`,
  )
}

const fileSchema = z.object({
  name: z.string(),
  hash: z.string(),
  algorithm: z.string().default(''),
})

const claimsSchema = z.looseObject({
  // Looked into once there are not too many of them: each wrong one would be a fault of its own.
  files: z.array(z.unknown()),
  keyid: z.string().default(''),
  scope: z.string().default(''),
  iat: z.number().optional(),
  exp: z.number().optional(),
  nbf: z.number().optional(),
})
