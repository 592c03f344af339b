import { PolicySupplyError } from '../domain/errors.js'
import { JsonFault } from '../wire/json-text.js'
import { entryName } from './entry-name.js'
import { type HashAlgorithm, hashFile, isHashAlgorithm, isStructured } from './hash.js'
import type { SignedFile } from './signature-claims.js'
import { signatureFault } from './signature-fault.js'
import { signaturesName } from './signatures-file.js'

/**
 * Checks that the files of a bundle are those that its signature lists: each of them, unchanged, and no other.
 * @throws PolicySupplyError `signature`
 */
export function verifyFiles(
  files: ReadonlyMap<string, Buffer>,
  signed: readonly SignedFile[],
): void {
  const listed = listFiles(signed)
  const missing = new Map(listed)
  const added: string[] = []
  for (const [name, content] of files) {
    if (name === signaturesName) continue
    const hash = listed.get(name)
    if (hash === undefined) added.push(name)
    else if (!matches(name, content, hash)) throw changed(name)
    missing.delete(name)
  }
  refuseAdded(files, added, missing)
  const [lost] = missing.keys()
  if (lost === undefined) return
  throw signatureFault(
    `lists ${shown(lost)}, which is not in the bundle: it was removed after the signing`,
  )
}

interface ExpectedHash {
  readonly hash: string
  readonly algorithm: HashAlgorithm
}

function listFiles(signed: readonly SignedFile[]): ReadonlyMap<string, ExpectedHash> {
  const listed = new Map<string, ExpectedHash>()
  for (const { name: raw, hash, algorithm } of signed) {
    const name = nameOf(raw)
    if (listed.has(name)) throw signatureFault(`lists ${shown(name)} twice: sign the bundle anew`)
    if (name === signaturesName) {
      throw signatureFault(`lists ${signaturesName} itself: delete that file before you sign anew`)
    }
    listed.set(name, { hash: hash.toLowerCase(), algorithm: hashAlgorithm(algorithm, name) })
  }
  return listed
}

function nameOf(raw: string): string {
  try {
    return entryName(raw)
  } catch (thrown) {
    if (!(thrown instanceof PolicySupplyError)) throw thrown
    throw signatureFault(`lists a file that no bundle can have: ${shown(raw)}`, thrown)
  }
}

function hashAlgorithm(name: string, file: string): HashAlgorithm {
  if (isHashAlgorithm(name)) return name
  if (name === 'MD5' || name === 'SHA-1') {
    throw signatureFault(
      `has a hash of ${shown(file)} by ${name}, which can be forged: sign with SHA-256`,
    )
  }
  throw signatureFault(
    `has a hash of ${shown(file)} by an algorithm that is not known, ${shown(name)}: sign with SHA-256`,
  )
}

function matches(name: string, content: Buffer, { hash, algorithm }: ExpectedHash): boolean {
  try {
    return hashFile(name, content, algorithm) === hash
  } catch (thrown) {
    if (!(thrown instanceof JsonFault)) throw thrown
    throw signatureFault(`cannot be verified: ${shown(name)} is not used: ${thrown.message}`)
  }
}

function changed(name: string): PolicySupplyError {
  return signatureFault(
    `does not fit ${shown(name)}: the file was changed after the signing. Do not use this bundle until you know why`,
  )
}

/** A file that is there under another name than the signed one was renamed; any other was added. */
function refuseAdded(
  files: ReadonlyMap<string, Buffer>,
  added: readonly string[],
  missing: ReadonlyMap<string, ExpectedHash>,
): void {
  const [name] = added
  if (name === undefined) return
  const content = files.get(name) ?? Buffer.alloc(0)
  const before = [...missing].find(isRenamed(content))?.[0]
  if (before !== undefined) {
    throw signatureFault(
      `lists ${shown(before)}, which is called ${shown(name)} in the bundle: it was renamed after the signing`,
    )
  }
  throw signatureFault(
    `does not list ${shown(name)}: the file was added after the signing. Sign the bundle with it, or leave it out`,
  )
}

function isRenamed(content: Buffer): (listed: readonly [string, ExpectedHash]) => boolean {
  const hashes = new Map<string, string | undefined>()
  return ([name, { hash, algorithm }]) => {
    const way = `${algorithm} ${String(isStructured(name))}`
    if (!hashes.has(way)) hashes.set(way, hashesTo(name, content, algorithm))
    return hashes.get(way) === hash
  }
}

function hashesTo(name: string, content: Buffer, algorithm: HashAlgorithm): string | undefined {
  try {
    return hashFile(name, content, algorithm)
  } catch (thrown) {
    if (thrown instanceof JsonFault) return undefined
    throw thrown
  }
}

function shown(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name)
}
