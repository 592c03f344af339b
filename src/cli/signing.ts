import { signBundle } from '../bundles/sign.js'
import type { SignatureAlgorithm } from '../domain/bundle.js'
import { readNamedFile } from './bundle-file.js'
import { CommandError } from './command.js'

/** The flags of a command that signs what it builds. */
export const signingOptions = {
  sign: { type: 'string', value: 'KEY', help: 'Sign with the private key in this PEM file' },
  'key-id': {
    type: 'string',
    value: 'ID',
    help: 'The key\'s id in POLICY_VERIFICATION_KEYS; by default "default"',
  },
  scope: { type: 'string', value: 'SCOPE', help: 'The scope that the key is to be used for' },
  alg: {
    type: 'string',
    value: 'ALG',
    help: 'ES256, RS256, PS256, EdDSA, …; by default what suits the key',
  },
} as const

export interface SigningValues {
  readonly sign?: string | undefined
  readonly 'key-id'?: string | undefined
  readonly scope?: string | undefined
  readonly alg?: string | undefined
}

/**
 * The archive with a signature where a key was named, else as it is.
 * @throws PolicySupplyError
 * @throws CommandError 1 where the key cannot be read, 2 where a flag makes no sense
 */
export async function signed(archive: Buffer, values: SigningValues): Promise<Buffer> {
  const { sign, alg } = values
  if (sign === undefined) {
    const useless = (['key-id', 'scope', 'alg'] as const).find((flag) => values[flag] !== undefined)
    if (useless === undefined) return archive
    throw new CommandError(2, `--${useless} says how to sign: name the key with --sign`)
  }
  return signBundle(archive, {
    keyPem: (await readNamedFile(sign)).toString(),
    algorithm: alg === undefined ? undefined : signingAlgorithm(alg),
    keyId: values['key-id'] ?? 'default',
    scope: values.scope,
    now: Date.now(),
  })
}

/** @throws CommandError 2 */
export function signingAlgorithm(name: string): SignatureAlgorithm {
  const known = algorithms.find((algorithm) => algorithm.toLowerCase() === name.toLowerCase())
  if (known !== undefined) return known
  throw new CommandError(
    2,
    `Bundles are not signed with ${name}: give one of ${algorithms.join(', ')}`,
  )
}

const algorithms: readonly SignatureAlgorithm[] = [
  ...(['ES256', 'ES384', 'ES512', 'EdDSA', 'RS256', 'RS384', 'RS512'] as const),
  ...(['PS256', 'PS384', 'PS512'] as const),
]
