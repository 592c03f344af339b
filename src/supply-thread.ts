import { constants, setPriority } from 'node:os'
import { isMainThread, parentPort } from 'node:worker_threads'
import { readCases } from './policy/cases.js'
import { mountData } from './bundles/mounts.js'
import { openArchive } from './bundles/opened.js'
import type { Bundle } from './domain/bundle.js'
import { PolicySupplyError } from './domain/errors.js'
import { openPolicy } from './policy/compile.js'
import { ownCases } from './policy/own-cases.js'
import { createPatterns } from './policy/patterns.js'
import {
  type PreparedPolicy,
  preparePolicy,
  reopenable,
  transferablesOf,
} from './policy/prepare.js'
import { readRuleTests } from './policy/rule-tests.js'
import {
  asBuffer,
  asFiles,
  type Job,
  type JobResult,
  type OpenJob,
  type PrepareJob,
  type Refusal,
  type SharedBundle,
} from './supply-jobs.js'

// The thread that does everything about a load that takes longer than a serving thread may be held up.
if (!isMainThread) {
  giveWay()
  parentPort?.on('message', (job: Job) => void answer(job))
}

/** Calls come first where cores are few. On Linux a priority is the thread's; elsewhere it would be that of the process. */
function giveWay(): void {
  if (process.platform !== 'linux') return
  try {
    setPriority(constants.priority.PRIORITY_LOW)
  } catch {
    // Not permitted everywhere; then loads compete with calls.
  }
}

async function answer(job: Job): Promise<void> {
  const { result, transfer } = await done(job)
  parentPort?.postMessage(result, transfer)
}

interface Done {
  readonly result: JobResult
  readonly transfer: ArrayBuffer[]
}

async function done(job: Job): Promise<Done> {
  try {
    return await (job.type === 'open' ? open(job) : prepare(job))
  } catch (thrown) {
    if (thrown instanceof PolicySupplyError) {
      return { result: { type: 'refused', error: refusalOf(thrown) }, transfer: [] }
    }
    const error = thrown instanceof Error ? thrown : String(thrown)
    return { result: { type: 'broken', error }, transfer: [] }
  }
}

async function open({ archive, terms, known }: OpenJob): Promise<Done> {
  const opened = await openArchive(asBuffer(archive), terms, known)
  const { digest, result } = opened
  const told =
    result.type === 'bundle'
      ? { type: result.type, bundle: shared(result.bundle) }
      : result.type === 'refused'
        ? { type: result.type, error: refusalOf(result.error) }
        : result
  return {
    result: { type: 'opened', digest, archive, result: told },
    // What was posted here is this thread's alone, and goes back to be kept.
    transfer: archive.buffer instanceof ArrayBuffer ? [archive.buffer] : [],
  }
}

function shared(bundle: Bundle): SharedBundle {
  return {
    ...bundle,
    wasm: bundle.wasm === undefined ? undefined : inSharedMemory(bundle.wasm),
    data: inSharedMemory(bundle.data),
  }
}

function inSharedMemory(bytes: Buffer): Uint8Array {
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length))
  copy.set(bytes)
  return copy
}

async function prepare(job: PrepareJob): Promise<Done> {
  const { entrypoints, limits } = job
  // WebAssembly takes nothing from shared memory.
  const wasm = job.wasm && Buffer.from(job.wasm)
  const data = mountData(Buffer.from(job.data), job.mounted.map(asBuffer))
  const [rules, schemas] = [asFiles(job.rules), asFiles(job.schemas)]
  const prepared = await preparePolicy({ wasm, entrypoints, data, rules, schemas }, limits)
  await tryCases(job, prepared)
  return { result: { type: 'prepared', prepared }, transfer: transferablesOf(prepared) }
}

/** Whether the policy has a decision for each case of its own. */
async function tryCases(job: PrepareJob, prepared: PreparedPolicy): Promise<void> {
  const read = [...readCases(asFiles(job.cases)), ...readRuleTests(asFiles(job.rules))]
  if (read.length === 0) return
  const patterns = createPatterns()
  try {
    await openPolicy(reopenable(prepared), {
      revision: '',
      digest: '',
      limits: job.limits,
      largeInput: { calls: 'deny', responses: 'deny' },
      patterns,
      classify: () => 'unknown',
      cases: ownCases(read),
    })
  } finally {
    await patterns.close()
  }
}

function refusalOf({ fault, message, cause }: PolicySupplyError): Refusal {
  return { fault, message, cause: cause instanceof Error ? cause.message : undefined }
}
