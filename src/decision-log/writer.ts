import { GatewayError } from '../domain/errors.js'
import { type Batch, createBatch } from './batch.js'
import { createGroupedSync } from './grouped-sync.js'
import type { Sink } from './sink.js'

export type Durability = 'buffered' | 'flushed' | 'synced'

export interface WriterOptions {
  readonly sink: Sink
  readonly durability: Durability
  /** How long a destination may take nothing before what waits for it fails, milliseconds. */
  readonly stallMs: number
  /** A write failed; `records` lines were not written, or not safely. */
  readonly onFailure: (error: unknown, records: number) => void
  /** Writing works again. */
  readonly onRecovery: () => void
}

export interface Writer {
  /**
   * Resolves when the line, which ends with a newline, is as durable as configured.
   * @throws GatewayError `log_unavailable`
   */
  append(line: string): Promise<void>
  /** Reports a line that never came to be, and rejects as `append` does. */
  refuse(why: string, cause?: unknown): Promise<void>
  /** Lines not yet written. */
  queued(): number
  /** Writes what is held now. */
  flush(): void
  /** Writes everything and gives up on what cannot be written. The sink stays open. */
  close(): Promise<void>
}

/** Groups lines into writes: those of one turn of the event loop, or of a second where the log is buffered. */
export function createWriter(options: WriterOptions): Writer {
  const { sink, durability, stallMs, onFailure, onRecovery } = options
  const queue: Batch[] = []
  const syncs = createGroupedSync({ sink, onSuccess: recovered, onFailure: syncFailed })
  let open: Batch | undefined
  let immediate: NodeJS.Immediate | undefined
  let timer: NodeJS.Timeout | undefined
  let stalledSince: number | undefined
  let failing = false
  let closed = false
  let held = 0

  function append(line: string): Promise<void> {
    if (closed) return refuse('it was closed')
    if (held + line.length > maxHeldChars) return refuse('too much waits to be written')
    // While the log fails, nobody goes on without knowing that the line was written.
    const batch = gather(durability !== 'buffered' || failing)
    batch.add(line)
    held += line.length
    if (batch.awaited) immediate ??= setImmediate(drain)
    else if (batch.size() >= bufferChars) drain()
    else timer ??= setTimeout(drain, bufferMs)
    return batch.awaited ? batch.done : resolved
  }

  function refuse(why: string, cause?: unknown): Promise<void> {
    const error = unavailable(why, cause)
    onFailure(error, 1)
    const batch = createBatch(true)
    batch.reject(error)
    return batch.done
  }

  function gather(awaited: boolean): Batch {
    if (open?.awaited === awaited) return open
    if (open !== undefined) queue.push(open)
    open = createBatch(awaited)
    return open
  }

  function drain(): void {
    clearImmediate(immediate)
    clearTimeout(timer)
    immediate = timer = undefined
    for (let head = next(); head !== undefined; head = next()) {
      if (write(head) === 'wait') return
    }
  }

  function next(): Batch | undefined {
    // While an earlier batch waits for its reader, the open one keeps growing: fewer, larger writes.
    if (queue.length === 0 && open !== undefined) {
      queue.push(open)
      open = undefined
    }
    return queue[0]
  }

  function write(head: Batch): 'next' | 'wait' {
    try {
      const written = sink.write(head.rest(!sink.midLine()))
      if (written === 0) return waitForReader()
      stalledSince = undefined
      if (head.wrote(written)) settle(head)
      return 'next'
    } catch (thrown) {
      stalledSince = undefined
      return fail(head, thrown)
    }
  }

  function waitForReader(): 'wait' {
    const now = performance.now()
    stalledSince ??= now
    const stalledMs = now - stalledSince
    if (stalledMs >= stallMs) throw new Error(`The destination took nothing for ${stallMs} ms`)
    timer = setTimeout(drain, Math.min(maxRetryMs, 1 + stalledMs / 4))
    return 'wait'
  }

  function settle(head: Batch): void {
    queue.shift()
    held -= head.size()
    if (durability === 'synced') {
      syncs.add(head)
      return
    }
    recovered()
    head.resolve()
  }

  function recovered(): void {
    if (!failing) return
    failing = false
    onRecovery()
  }

  function fail(head: Batch, thrown: unknown): 'next' | 'wait' {
    failing = true
    const stuck = open === undefined ? queue.splice(0) : [...queue.splice(0), open]
    open = undefined
    // Calls went ahead on the lines that nobody waited for: those are kept as long as there is a later.
    const dropped = stuck.filter(({ awaited }) => awaited || closed)
    queue.push(...stuck.filter((batch) => !dropped.includes(batch)))
    onFailure(thrown, total(dropped.includes(head) ? dropped : [head, ...dropped]))
    for (const batch of dropped) {
      held -= batch.size()
      batch.reject(unavailable('a write failed', thrown))
    }
    if (queue.length === 0) return 'next'
    timer = setTimeout(drain, bufferMs)
    return 'wait'
  }

  function syncFailed(batches: readonly Batch[], thrown: unknown): void {
    failing = true
    onFailure(thrown, total(batches))
    for (const batch of batches) batch.reject(unavailable('the disk did not confirm it', thrown))
  }

  return {
    append,
    refuse,
    queued: () => total(queue) + (open?.records() ?? 0),
    flush: drain,
    async close() {
      closed = true
      const waiting = open === undefined ? [...queue] : [...queue, open]
      drain()
      await Promise.allSettled(waiting.map(({ done }) => done))
      await syncs.idle()
    },
  }
}

const resolved = Promise.resolve()
const bufferChars = 64 * 1024
const bufferMs = 1000
const maxRetryMs = 50
const maxHeldChars = 64 * 1024 * 1024

function total(batches: readonly Batch[]): number {
  return batches.reduce((sum, batch) => sum + batch.records(), 0)
}

function unavailable(why: string, cause?: unknown): GatewayError {
  return new GatewayError('log_unavailable', `The decision log could not take a record: ${why}`, {
    cause,
  })
}
