import { readFile, stat } from 'node:fs/promises'
import { readArchive } from '../bundles/archive.js'
import { settings } from '../config/settings.js'
import { inspectPolicy } from '../policy/inspect.js'
import { CommandError } from './command.js'
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
  return readArchive(archive, { maxBytes: settings.POLICY_BUNDLE_MAX_BYTES.default })
}

/** @throws CommandError 1 */
export async function readNamedFile(path: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (error) {
    throw new CommandError(1, `${path} cannot be read (${reasonOf(error)})`)
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
  const { entrypoints, builtins, abi, warnings } = await inspectPolicy(bundle)
  const { revision, digest, roots, sizes, wasm, data } = bundle
  return {
    revision,
    digest,
    entrypoints,
    roots,
    builtins,
    abi,
    sizes: { ...sizes, wasm: wasm.length, data: data.length },
    warnings,
  }
}

export function reportLines(report: BundleReport): string {
  const { sizes } = report
  const rows = [
    ['revision', report.revision],
    ['digest', `sha256:${report.digest}`],
    ['entrypoints', report.entrypoints.join(', ')],
    ['roots', report.roots.map((root) => (root === '' ? 'all' : root)).join(', ')],
    ['builtins', report.builtins.join(', ') || 'none of the host'],
    ['abi', report.abi],
    ['sizes', `${sizes.archive} bytes, unpacked ${sizes.unpacked} in ${sizes.entries} entries`],
    ['', `policy ${sizes.wasm} bytes, data ${sizes.data} bytes`],
  ]
  return rows.map(([name = '', value = '']) => `${name.padEnd(12)} ${value}\n`).join('')
}

export function warningLines(warnings: readonly string[]): string {
  return warnings.map((warning) => `warning: ${warning}\n`).join('')
}

function reasonOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
}
