import { Worker } from 'node:worker_threads'
import type { BundleTerms } from './bundles/open-bundle.js'
import type { Opened } from './bundles/opened.js'
import type { Bundle } from './domain/bundle.js'
import { PolicySupplyError } from './domain/errors.js'
import type { PolicyLimits, PreparedPolicy } from './policy/prepare.js'
import {
  asBuffer,
  asFiles,
  type Job,
  type JobResult,
  type Refusal,
  type SharedBundle,
} from './supply-jobs.js'

/** Does what is heavy about a load off the serving thread: one job at a time, in the order in which they were asked for. */
export interface SupplyThread {
  /** Takes the archive over: it is empty afterwards, and what comes back is to be used instead. */
  open(archive: Buffer, terms: BundleTerms, known: string | undefined): Promise<Opened>
  /** @throws PolicySupplyError `compile` or `check` */
  prepare(bundle: Bundle, mounted: readonly Buffer[], limits: PolicyLimits): Promise<PreparedPolicy>
  /** Ends the thread; what it still had to do is rejected. */
  close(): Promise<void>
}

export interface SupplyThreadOptions {
  /** What the thread runs. */
  readonly entry?: URL
  /** Longest time for one job. */
  readonly jobMs?: number
  /** How long a thread without work is kept. */
  readonly idleMs?: number
  readonly heapMb?: number
}

/** The thread begins with the first job. One that ends, for whatever reason, fails the job that it was at, and the next begins another. */
export function createSupplyThread(options: SupplyThreadOptions = {}): SupplyThread {
  const {
    entry = builtThread,
    jobMs = longestJobMs,
    idleMs = longestIdleMs,
    heapMb = mostHeapMb,
  } = options
  let worker: Worker | undefined
  let idle: NodeJS.Timeout | undefined
  let last: Promise<unknown> = Promise.resolve()
  let closed = false

  function run(prepared: () => Posted): Promise<JobResult> {
    const result = last.then(async () => {
      if (closed) throw ended('The gateway is shutting down')
      clearTimeout(idle)
      const thread = worker ?? begin()
      // A gateway that is starting has nothing else yet that keeps the process alive.
      thread.ref()
      try {
        const answer = await ask(thread, prepared(), jobMs)
        idle = setTimeout(() => void end(thread), idleMs).unref()
        return answer
      } catch (fault) {
        void end(thread)
        throw fault
      } finally {
        thread.unref()
      }
    })
    last = result.catch(() => undefined)
    return result
  }

  function begin(): Worker {
    const thread = start(entry, heapMb)
    thread.once('exit', () => {
      if (worker === thread) worker = undefined
    })
    worker = thread
    return thread
  }

  async function end(thread: Worker): Promise<void> {
    if (worker === thread) worker = undefined
    await thread.terminate()
  }

  return {
    async open(archive, terms, known) {
      const result = await run(() => {
        const own = owned(archive)
        return {
          message: { type: 'open', archive: own, terms, known },
          transfer: [own.buffer],
        }
      })
      if (result.type !== 'opened') throw faultOf(result)
      return openedFrom(result)
    },
    async prepare({ wasm, entrypoints, data, rules, schemas, cases }, mounted, limits) {
      const contents = { wasm, entrypoints, data, rules, schemas, cases }
      const result = await run(() => ({
        message: { type: 'prepare', ...contents, mounted, limits },
        transfer: [],
      }))
      if (result.type !== 'prepared') throw faultOf(result)
      return result.prepared
    },
    async close() {
      closed = true
      clearTimeout(idle)
      await worker?.terminate()
      await last
    },
  }
}

interface Posted {
  readonly message: Job
  readonly transfer: ArrayBuffer[]
}

function start(entry: URL, heapMb: number): Worker {
  const thread = new Worker(entry, {
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: heapMb },
  })
  return thread.on('error', () => undefined) // the job that it was at hears of it
}

/** @throws PolicySupplyError where the thread ends, breaks off, or takes too long: it is of no use any more */
function ask(thread: Worker, { message, transfer }: Posted, jobMs: number): Promise<JobResult> {
  return new Promise((resolve, reject) => {
    const settle = (finish: () => void): void => {
      clearTimeout(timer)
      thread.off('message', onMessage).off('error', onError).off('exit', onExit)
      finish()
    }
    const fail = (why: string, cause?: unknown): void => settle(() => reject(ended(why, cause)))
    const onMessage = (result: JobResult): void => settle(() => resolve(result))
    const onError = (cause: unknown): void => fail(reasonOf(cause), cause)
    const onExit = (code: number): void =>
      fail(`The thread that loads policy ended (exit code ${code})`)
    const timer = setTimeout(() => fail(`The load took longer than ${jobMs / 1000} s`), jobMs)
    thread.on('message', onMessage).on('error', onError).on('exit', onExit)
    try {
      thread.postMessage(message, transfer)
    } catch (fault) {
      fail('The bundle cannot be handed to the thread that loads policy', fault)
    }
  })
}

/** Bytes that nothing else lies beside, so that they can change hands without being copied. */
function owned(bytes: Buffer): Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset, byteLength } = bytes
  const isAlone = byteOffset === 0 && byteLength === buffer.byteLength
  return isAlone && buffer instanceof ArrayBuffer ? new Uint8Array(buffer) : Uint8Array.from(bytes)
}

function openedFrom({ digest, archive, result }: JobResult & { type: 'opened' }): Opened {
  const back = asBuffer(archive)
  switch (result.type) {
    case 'bundle':
      return { digest, archive: back, result: { ...result, bundle: bundleFrom(result.bundle) } }
    case 'known':
      return { digest, archive: back, result }
    case 'refused':
      return { digest, archive: back, result: { ...result, error: errorOf(result.error) } }
  }
}

function bundleFrom(bundle: SharedBundle): Bundle {
  return {
    ...bundle,
    wasm: bundle.wasm === undefined ? undefined : asBuffer(bundle.wasm),
    data: asBuffer(bundle.data),
    rules: asFiles(bundle.rules),
    schemas: asFiles(bundle.schemas),
    cases: asFiles(bundle.cases),
  }
}

function faultOf(result: JobResult): Error {
  if (result.type === 'refused') return errorOf(result.error)
  return new Error('The thread that loads policy failed', {
    cause: result.type === 'broken' ? result.error : result.type,
  })
}

function errorOf({ fault, message, cause }: Refusal): PolicySupplyError {
  return new PolicySupplyError(fault, message, { cause })
}

function reasonOf(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  return code === 'ERR_WORKER_OUT_OF_MEMORY'
    ? 'The thread that loads policy ran out of memory: the bundle is too large'
    : 'The thread that loads policy broke off'
}

function ended(why: string, cause?: unknown): PolicySupplyError {
  return new PolicySupplyError('check', `${why}. The bundle was not loaded`, { cause })
}

// Threads run what was built, also where this module itself is run from its source.
const builtThread = new URL('../dist/supply-thread.js', import.meta.url)
const longestJobMs = 120_000
const longestIdleMs = 60_000
// Archives and what is in them lie outside of the heap; what is made of them while they are read does not.
const mostHeapMb = 2048
