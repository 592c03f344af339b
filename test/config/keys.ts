import { readFileSync } from 'node:fs'

type KeyName = 'ec-256' | 'ec-384' | 'ec-521' | 'ed25519' | 'rsa'

const folder = new URL('../fixtures/bundles/signed/keys/', import.meta.url)

/** PEM. */
export function publicKey(name: KeyName): string {
  return readFileSync(new URL(`${name}.pub.pem`, folder), 'utf8')
}

/** PEM. */
export function privateKey(name: KeyName): string {
  return readFileSync(new URL(`${name}.pem`, folder), 'utf8')
}

/** The certificate authority that the tests of the bundle source trust, PEM. */
export const authority = readFileSync(new URL('../fixtures/tls/ca.pem', import.meta.url), 'utf8')
