import { Worker } from 'node:worker_threads'

/** Replaces in long texts on a thread of its own, which is started when it is first needed. */
export interface Rewriter {
  /**
   * Runs the steps, in order, over each text. One job runs at a time; one that fails, or that runs for too long, rejects
   * alone, and those that wait go on.
   */
  rewrite(texts: readonly string[], steps: readonly WorkerStep[]): Promise<readonly string[]>
  close(): Promise<void>
}

export interface WorkerStep {
  /** RE2 as the engine spells it. */
  readonly source: string
  readonly required: string
  readonly with: string
}

export interface RewriterOptions {
  /** The file of the CommonJS form of re2js. */
  readonly enginePath: string
  /** How long one job may run. */
  readonly longestRunMs?: number
}

// One search is linear in the text, but a pattern such as `a.*b|a` makes as many searches as there are characters.
const tenSecondsMs = 10_000

export function createRewriter({
  enginePath,
  longestRunMs = tenSecondsMs,
}: RewriterOptions): Rewriter {
  const waiting: Job[] = []
  let running: Job | undefined
  let deadline: NodeJS.Timeout | undefined
  let worker: Worker | undefined
  let closed = false

  function startWorker(): Worker {
    const started = new Worker(program, {
      eval: true,
      workerData: { enginePath },
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: 512 },
    })
    started.on('message', (message: FromWorker) => {
      if (worker === started) hear(message)
    })
    started.on('error', (cause) => {
      replace(started, new Error('The thread that replaces texts failed', { cause }))
    })
    started.on('exit', () => replace(started, new Error('The thread that replaces texts ended')))
    return started
  }

  function hear(message: FromWorker): void {
    switch (message.type) {
      case 'started':
        deadline = setTimeout(stopRunning, longestRunMs)
        return
      case 'done':
        takeRunning()?.resolve(message.texts)
        break
      case 'failed':
        takeRunning()?.reject(new Error(`Texts could not be replaced: ${message.fault}`))
    }
    runNext()
  }

  function runNext(): void {
    running = waiting.shift()
    if (running === undefined) {
      worker?.unref()
      return
    }
    worker ??= startWorker()
    worker.ref()
    worker.postMessage({ texts: running.texts, steps: running.steps })
  }

  function takeRunning(): Job | undefined {
    clearTimeout(deadline)
    const taken = running
    running = undefined
    return taken
  }

  function stopRunning(): void {
    const stopped = worker
    if (stopped === undefined) return
    replace(stopped, new Error('Replacing texts took too long'))
    void stopped.terminate()
  }

  function replace(ended: Worker, reason: Error): void {
    if (worker !== ended) return
    worker = undefined
    takeRunning()?.reject(reason)
    runNext()
  }

  return {
    rewrite(texts, steps) {
      if (closed) return Promise.reject(shuttingDown())
      return new Promise((resolve, reject) => {
        waiting.push({ texts, steps, resolve, reject })
        if (running === undefined) runNext()
      })
    },
    async close() {
      closed = true
      for (const job of waiting.splice(0)) job.reject(shuttingDown())
      takeRunning()?.reject(shuttingDown())
      const stopped = worker
      worker = undefined
      await stopped?.terminate()
    },
  }
}

interface Job {
  readonly texts: readonly string[]
  readonly steps: readonly WorkerStep[]
  resolve(texts: readonly string[]): void
  reject(reason: Error): void
}

type FromWorker =
  | { readonly type: 'started' }
  | { readonly type: 'done'; readonly texts: readonly string[] }
  | { readonly type: 'failed'; readonly fault: string }

function shuttingDown(): Error {
  return new Error('The gateway is shutting down')
}

// Plain JavaScript in a string: the same text runs from the build and from the sources, where no compiled worker
// file lies beside this one.
const program = `
const { parentPort, workerData } = require('node:worker_threads')
const { RE2JS } = require(workerData.enginePath)
const engines = new Map()

function engineOf(source) {
  if (engines.size > 1000) engines.clear()
  if (!engines.has(source)) engines.set(source, RE2JS.compile(source).re2())
  return engines.get(source)
}

function apply(text, step) {
  return text.includes(step.required) ? engineOf(step.source).replaceAll(text, step.with) : text
}

parentPort.on('message', ({ texts, steps }) => {
  parentPort.postMessage({ type: 'started' })
  try {
    parentPort.postMessage({ type: 'done', texts: texts.map((text) => steps.reduce(apply, text)) })
  } catch (thrown) {
    parentPort.postMessage({ type: 'failed', fault: String(thrown) })
  }
})
`
