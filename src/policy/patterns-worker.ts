import { Worker } from 'node:worker_threads'

/** Replaces in long texts on a thread of its own, which is started when it is first needed. */
export interface Rewriter {
  /** Runs the steps, in order, over each text. Rejects when the thread ends or takes too long. */
  rewrite(texts: readonly string[], steps: readonly WorkerStep[]): Promise<readonly string[]>
  close(): Promise<void>
}

export interface WorkerStep {
  /** RE2 as the engine spells it. */
  readonly source: string
  readonly required: string
  readonly with: string
}

/** `enginePath` is the file of the CommonJS form of re2js. */
export function createRewriter(enginePath: string): Rewriter {
  const waiting = new Map<number, Waiting>()
  let worker: Worker | undefined
  let lastId = 0
  let closed = false

  function start(): Worker {
    const started = new Worker(program, {
      eval: true,
      workerData: { enginePath },
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: 512 },
    })
    started.on('message', settle)
    started.on('error', (cause) => {
      abandon(started, new Error('The thread that replaces texts failed', { cause }))
    })
    started.on('exit', () => abandon(started, new Error('The thread that replaces texts ended')))
    return started
  }

  function settle({ id, texts, fault }: WorkerAnswer): void {
    const job = waiting.get(id)
    forget(id)
    if (fault === undefined) job?.resolve(texts)
    else job?.reject(new Error(`Texts could not be replaced: ${fault}`))
  }

  function forget(id: number): void {
    clearTimeout(waiting.get(id)?.deadline)
    waiting.delete(id)
    if (waiting.size === 0) worker?.unref()
  }

  function abandon(ended: Worker, reason: Error): void {
    if (worker !== ended) return
    worker = undefined
    for (const [id, job] of [...waiting]) {
      forget(id)
      job.reject(reason)
    }
  }

  function stop(reason: string): Promise<unknown> {
    const stopped = worker
    if (stopped === undefined) return Promise.resolve()
    abandon(stopped, new Error(reason))
    return stopped.terminate()
  }

  return {
    rewrite(texts, steps) {
      if (closed) return Promise.reject(new Error('The gateway is shutting down'))
      worker ??= start()
      worker.ref()
      const id = ++lastId
      return new Promise((resolve, reject) => {
        const deadline = setTimeout(() => void stop('Replacing texts took too long'), longestWaitMs)
        waiting.set(id, { resolve, reject, deadline })
        worker?.postMessage({ id, texts, steps })
      })
    },
    async close() {
      closed = true
      await stop('The gateway is shutting down')
    },
  }
}

interface Waiting {
  resolve(texts: readonly string[]): void
  reject(reason: Error): void
  readonly deadline: NodeJS.Timeout
}

interface WorkerAnswer {
  readonly id: number
  readonly texts: readonly string[]
  readonly fault: string | undefined
}

// One search is linear in the text, but a pattern such as `a.*b|a` makes as many searches as there are characters.
const longestWaitMs = 10_000

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

parentPort.on('message', ({ id, texts, steps }) => {
  try {
    parentPort.postMessage({ id, texts: texts.map((text) => steps.reduce(apply, text)) })
  } catch (thrown) {
    parentPort.postMessage({ id, texts: [], fault: String(thrown) })
  }
})
`
