/** A bundle as it was unpacked, verified and checked: nothing in it was compiled yet. Structured-cloneable. */
export interface Bundle {
  /** The manifest's revision, else the first 12 hex digits of the digest. */
  readonly revision: string
  /** SHA-256 of the archive, 64 hex digits. */
  readonly digest: string
  readonly roots: readonly string[]
  /** Undefined where the bundle has no Rego: rules, or data for others. */
  readonly wasm: Buffer | undefined
  /** Entrypoints that the manifest names, such as `mcp/pre`. */
  readonly entrypoints: readonly string[]
  /** The text of the merged data document. */
  readonly data: Buffer
  readonly metadata: Readonly<Record<string, unknown>>
  /** `rules.yaml` and `rules/*.yaml`: rules in YAML and CEL. */
  readonly rules: readonly BundleFile[]
  /** `schemas/TOOL.json`: output schemas of tools, for rules about what they mark as sensitive. */
  readonly schemas: readonly BundleFile[]
  /** `cases/*.yaml`, which say what the policy is to decide. */
  readonly cases: readonly BundleFile[]
  /** Who signed it, verified; undefined where no key was configured to verify it with. */
  readonly signer: Signer | undefined
  readonly sizes: { readonly archive: number; readonly unpacked: number; readonly entries: number }
}

export interface BundleFile {
  readonly name: string
  readonly text: Buffer
}

export interface Signer {
  readonly keyId: string
  readonly algorithm: SignatureAlgorithm
  readonly scope: string
  /** `iat`: seconds since the epoch; undefined where the signature does not say. */
  readonly issuedAt: number | undefined
}

export type SignatureAlgorithm =
  'ES256' | 'ES384' | 'ES512' | 'RS256' | 'RS384' | 'RS512' | 'PS256' | 'PS384' | 'PS512' | 'EdDSA'

/** A public key that bundles may be signed with. What it may be used for comes from the configuration alone. */
export interface VerificationKey {
  readonly id: string
  readonly algorithm: SignatureAlgorithm
  /** The `scope` that a signature by this key must have; '' where it must have none. */
  readonly scope: string
  /** SubjectPublicKeyInfo, PEM. */
  readonly pem: string
}

/** Where a bundle stands among several: each layer can tighten what the others say, and none can loosen it. */
export type Layer = 'organisation' | 'team' | 'server' | 'tool'

/** The calls that a bundle has a say in: those that match every member that is there; globs with `*`. */
export interface BundleScope {
  readonly server?: string
  readonly team?: string
  readonly user?: string
  readonly tool?: string
  readonly kind?: string
}
