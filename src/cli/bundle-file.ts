import { randomUUID } from 'node:crypto'
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { readCases } from '../bundles/cases.js'
import { openUnverified } from '../bundles/open-bundle.js'
import { adviceOnFile, errorCode } from '../config/given.js'
import { settings } from '../config/settings.js'
import { inspectPolicy, type PolicyInspection } from '../policy/inspect.js'
import { ownCases, type OwnCase } from '../policy/own-cases.js'
import { CommandError } from './command.js'
import type { ClaimedSignature } from '../bundles/claimed-signature.js'
import type { Bundle } from '../domain/bundle.js'

/**
 * Reads and unpacks a bundle file.
 * @throws PolicySupplyError
 * @throws CommandError 1
 */
export async function readBundleFile(path: string): Promise<Bundle> {
  return openArchive(await readNamedFile(path))
}

/** @throws PolicySupplyError */
export function openArchive(archive: Buffer): Promise<Bundle> {
  return openUnverified(archive, maxBytes)
}

/** What a gateway takes that was not told otherwise. */
export const maxBytes = settings.POLICY_BUNDLE_MAX_BYTES.default

/** @throws CommandError 1 */
export async function readNamedFile(path: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (error) {
    const reason = errorCode(error)
    throw new CommandError(1, `${path} cannot be read (${reason}): ${adviceOnFile(error)}`)
  }
}

/** Whoever watches the file never sees half of it. @throws CommandError 1 */
export async function replaceFile(path: string, content: Buffer): Promise<void> {
  const temporary = `${path}.${randomUUID()}`
  try {
    await writeFile(temporary, content)
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    const reason = errorCode(error)
    const hint = reason === 'ENOENT' ? ': its folder is not there' : ''
    throw new CommandError(1, `${path} cannot be written (${reason})${hint}`)
  }
}

export async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )
}

/** What is known of a bundle once it was unpacked and its policy was loaded. */
export interface BundleReport {
  readonly revision: string
  readonly digest: string
  readonly entrypoints: readonly string[]
  readonly roots: readonly string[]
  readonly builtins: readonly string[]
  readonly abi: string
  /** How many cases the bundle has that a gateway evaluates before it takes it. */
  readonly cases: number
  readonly sizes: {
    readonly archive: number
    readonly unpacked: number
    readonly entries: number
    readonly wasm: number
    readonly data: number
  }
  readonly warnings: readonly string[]
}

/** @throws PolicySupplyError */
export async function reportOn(bundle: Bundle): Promise<BundleReport> {
  const cases = readCases(bundle.cases)
  const { entrypoints, builtins, abi, warnings } = await inspected(bundle, ownCases(cases))
  const { revision, digest, roots, sizes, wasm, data } = bundle
  return {
    revision,
    digest,
    entrypoints,
    roots,
    builtins,
    abi,
    cases: cases.length,
    sizes: { ...sizes, wasm: wasm?.length ?? 0, data: data.length },
    warnings,
  }
}

/** A bundle that has only data decides nothing. */
async function inspected(bundle: Bundle, cases: readonly OwnCase[]): Promise<PolicyInspection> {
  if (bundle.wasm !== undefined) return inspectPolicy(bundle, cases)
  return { entrypoints: [], builtins: [], abi: '', warnings: [] }
}

export function reportLines(report: BundleReport): string {
  const { sizes } = report
  const rows = [
    ['revision', report.revision],
    ['digest', `sha256:${report.digest}`],
    ['entrypoints', report.entrypoints.join(', ') || 'none: data only'],
    ['roots', report.roots.map((root) => (root === '' ? 'all' : root)).join(', ')],
    ['builtins', report.builtins.join(', ') || 'none of the host'],
    ['abi', report.abi || 'none'],
    ['cases', String(report.cases)],
    ['sizes', `${sizes.archive} bytes, unpacked ${sizes.unpacked} in ${sizes.entries} entries`],
    ['', `policy ${sizes.wasm} bytes, data ${sizes.data} bytes`],
  ]
  return rows.map(([name = '', value = '']) => `${name.padEnd(12)} ${value}\n`).join('')
}

/** `signed by "ci" (ES256) on 2026-11-20T10:00:00.000Z` */
export function signatureText(signature: ClaimedSignature): string {
  const { keyId, algorithm, scope, issuedAt } = signature
  const time = issuedAt === undefined ? '' : ` on ${new Date(issuedAt * 1000).toISOString()}`
  return `signed by "${keyId}" (${algorithm})${scope === '' ? '' : ` for ${scope}`}${time}`
}

/** The last line of a report. */
export function signatureLine(signature: ClaimedSignature | undefined): string {
  return `${'signature'.padEnd(12)} ${signature === undefined ? 'none' : signatureText(signature)}\n`
}

export function warningLines(warnings: readonly string[]): string {
  return warnings.map((warning) => `warning: ${warning}\n`).join('')
}
