import { PolicySupplyError } from '../domain/errors.js'
import type { Members } from '../domain/message.js'
import { scanJson } from '../wire/json-text.js'
import type { PolicyLimits } from './prepare.js'
import { redactsIn } from './rego-redacts.js'
import { refusedBuiltins } from './offered-builtins.js'
import { compileRego } from './rego.js'
import type { RegoModule } from './rego.js'
import { instantiateWithData } from './rego-snapshot.js'
import type { RegoSnapshot } from './rego-snapshot.js'
import { fuelOf } from './rego-fuel.js'
import { warmUp } from './warm-up.js'

export interface RegoSource {
  readonly wasm: Buffer
  /** Entrypoints that the manifest names, such as `mcp/pre`. */
  readonly entrypoints: readonly string[]
  /** The text of the data document. */
  readonly data: Buffer
  /** Whether others of the same bundle judge calls, so that `mcp/pre` may be left to them. */
  readonly hasRules: boolean
}

/** A policy that was compiled, checked and warmed up: what another thread needs to run it at once. Structured-cloneable. */
export interface PreparedRego {
  readonly module: RegoModule
  readonly limits: PolicyLimits
  /** The text of the data document. */
  readonly data: Uint8Array
  readonly snapshot: RegoSnapshot
  /** The data as it stands in memory, in pieces: whoever opens the policy takes them out. */
  readonly pieces: ArrayBuffer[]
  /** The tools whose results it may hide parts of: `tool` or `server/tool`, globs with `*`. */
  readonly redacts: readonly string[]
}

/**
 * Does all that takes long with a policy, so that it can be done off the serving thread.
 * @throws PolicySupplyError `compile` or `check`
 */
export async function prepareRego(source: RegoSource, limits: PolicyLimits): Promise<PreparedRego> {
  const module = await compileRego(source.wasm)
  checkEntrypoints(Object.keys(module.entrypoints), source)
  checkBuiltins(module)
  const redacts = redactsIn(source.data, membersOf(source.data))
  const data = Uint8Array.from(source.data)
  const { maxInputBytes, budgetMs } = limits
  const { instance, snapshot } = instantiateWithData(module, data, maxInputBytes)
  const budget = fuelOf(budgetMs)
  await warmUp({ module, data, maxInputBytes, budget, instance, snapshot })
  const pieces = piecesOf(instance.memory.bytes().subarray(snapshot.dataStart, snapshot.dataEnd))
  return { module, limits, data, snapshot, pieces, redacts }
}

function checkEntrypoints(
  compiled: readonly string[],
  { entrypoints: named, hasRules }: RegoSource,
): void {
  if (!hasRules && !compiled.includes('mcp/pre')) {
    throw new PolicySupplyError(
      'check',
      'The bundle has no entrypoint mcp/pre: define the rule "pre" in package mcp and build with "-e mcp/pre"',
    )
  }
  const differing = [
    ...compiled.filter((name) => !named.includes(name)),
    ...named.filter((name) => !compiled.includes(name)),
  ]
  if (differing.length > 0) {
    throw new PolicySupplyError(
      'check',
      `The manifest and policy.wasm disagree about ${differing.join(', ')}: build the bundle anew`,
    )
  }
}

function checkBuiltins(module: RegoModule): void {
  const refused = refusedBuiltins(Object.keys(module.builtins).sort())
  if (refused.length === 0) return
  throw new PolicySupplyError(
    'check',
    `The policy calls builtins that are not offered: ${refused.join('; ')}`,
  )
}

/** The members of the data document, read without building them: it may be large. */
function membersOf(data: Buffer): Members {
  try {
    const { shape, members } = scanJson(data, 1)
    if (shape === 'object') return members
  } catch (thrown) {
    throw notAnObject(thrown instanceof Error ? `: ${thrown.message}` : '')
  }
  throw notAnObject('')
}

function notAnObject(fault: string): PolicySupplyError {
  return new PolicySupplyError('check', `The data of the bundle is not a JSON object${fault}`)
}

// Copied in well under a millisecond.
const pieceBytes = 1 << 20

function piecesOf(bytes: Buffer): ArrayBuffer[] {
  const count = Math.ceil(bytes.length / pieceBytes)
  return Array.from({ length: count }, (_, index) => {
    const piece = bytes.subarray(index * pieceBytes, (index + 1) * pieceBytes)
    return Uint8Array.from(piece).buffer
  })
}
