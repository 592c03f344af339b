/** How a signature is made (RFC 7518, section 3.1; RFC 8037): nothing else is accepted, `none` least of all. */
export type Algorithm =
  | { readonly family: 'rsa' | 'rsa-pss' | 'ec' | 'hmac'; readonly hash: Hash }
  | { readonly family: 'ed25519' }

export type Hash = 'sha256' | 'sha384' | 'sha512'

/** The algorithm that a header names. */
export function algorithmOf(name: string): Algorithm | undefined {
  if (name === 'EdDSA' || name === 'Ed25519') return { family: 'ed25519' }
  const family = families.get(name.slice(0, 2))
  const hash = hashes.get(name.slice(2))
  return family === undefined || hash === undefined ? undefined : { family, hash }
}

/** Whether the `alg` of a key can be that of a token's signature. */
export function isTokenAlgorithm(name: string): boolean {
  return name !== 'Ed25519' && algorithmOf(name) !== undefined
}

const families = new Map<string, 'rsa' | 'rsa-pss' | 'ec' | 'hmac'>([
  ['RS', 'rsa'],
  ['PS', 'rsa-pss'],
  ['ES', 'ec'],
  ['HS', 'hmac'],
])

const hashes = new Map<string, Hash>([
  ['256', 'sha256'],
  ['384', 'sha384'],
  ['512', 'sha512'],
])
