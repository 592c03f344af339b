import { randomUUID } from 'node:crypto'
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { hasPolicy } from '../bundles/mounts.js'
import { readCases } from '../policy/cases.js'
import { readRuleTests } from '../policy/rule-tests.js'
import { openUnverified } from '../bundles/open-bundle.js'
import { adviceOnFile, errorCode } from '../config/given.js'
import { settings } from '../config/settings.js'
import { inspectPolicy, type PolicyInspection } from '../policy/inspect.js'
import { ownCases, type OwnCase } from '../policy/own-cases.js'
import type { RuleWarning } from '../policy/rules/read-rules.js'
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
  readonly rules: PolicyInspection['rules']
  /** Tools whose output schemas are in the bundle. */
  readonly schemas: readonly string[]
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
  const cases = [...readCases(bundle.cases), ...readRuleTests(bundle.rules)]
  const { ruleWarnings, ...inspected } = await inspect(bundle, ownCases(cases))
  const { revision, digest, roots, sizes, wasm, data, schemas } = bundle
  return {
    revision,
    digest,
    ...inspected,
    abi: inspected.abi ?? '',
    roots,
    schemas: schemas.map(({ name }) => name.replace(/^schemas\/(.+)\.json$/, '$1')),
    cases: cases.length,
    sizes: { ...sizes, wasm: wasm?.length ?? 0, data: data.length },
    warnings: [...ruleWarnings.map(ruleWarningText), ...inspected.warnings],
  }
}

/** A bundle that has only data decides nothing. */
async function inspect(bundle: Bundle, cases: readonly OwnCase[]): Promise<PolicyInspection> {
  if (hasPolicy(bundle)) return inspectPolicy(bundle, cases)
  const nothing = { entrypoints: [], builtins: [], rules: [], ruleWarnings: [], warnings: [] }
  return { ...nothing, abi: undefined }
}

export function reportLines(report: BundleReport): string {
  const { sizes } = report
  const rows = [
    ['revision', report.revision],
    ['digest', `sha256:${report.digest}`],
    ['entrypoints', report.entrypoints.join(', ') || 'none'],
    ...rulesRows(report),
    ['roots', report.roots.map((root) => (root === '' ? 'all' : root)).join(', ') || 'none'],
    ['builtins', report.builtins.join(', ') || 'none of the host'],
    ['abi', report.abi || 'none'],
    ['cases', String(report.cases)],
    ['sizes', `${sizes.archive} bytes, unpacked ${sizes.unpacked} in ${sizes.entries} entries`],
    ['', `policy ${sizes.wasm} bytes, data ${sizes.data} bytes`],
  ]
  return rows.map(([name = '', value = '']) => `${name.padEnd(12)} ${value}\n`).join('')
}

/** Each file with its layer and its rules: what they do, and where. */
function rulesRows({ rules, schemas }: BundleReport): readonly (readonly [string, string])[] {
  const count = rules.reduce((sum, file) => sum + file.rules.length, 0)
  if (rules.length === 0) return []
  const rows = rules.flatMap((file) => [
    ['', `${file.name} (${file.layer})`] as const,
    ...file.rules.map(({ id, hook, effect, mode }) => {
      const trial = mode === 'enforce' ? '' : `, on trial: ${mode}`
      return ['', `  ${id}: ${effect} at ${hook}${trial}`] as const
    }),
  ])
  return [
    ['rules', `${count} in ${rules.length === 1 ? 'one file' : `${rules.length} files`}`],
    ...rows,
    ...(schemas.length === 0 ? [] : [['schemas', schemas.join(', ')] as const]),
  ]
}

/** What a bundle decides with, in a few words. */
export function contentsText({ entrypoints, rules }: BundleReport): string {
  const count = rules.reduce((sum, file) => sum + file.rules.length, 0)
  const parts = [
    ...entrypoints,
    ...(rules.length === 0 ? [] : [count === 1 ? '1 rule' : `${count} rules`]),
  ]
  return parts.join(', ') || 'data only'
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

/** `rules/hr.yaml:12:5: the condition is never true` */
export function ruleWarningText({ place, message }: RuleWarning): string {
  return `${place}: ${message}`
}
