import type { Batch } from './batch.js'
import type { Sink } from './sink.js'

/** Confirms batches that were written, many at a time. */
export interface GroupedSync {
  add(batch: Batch): void
  /** Resolves when no sync runs. */
  idle(): Promise<void>
}

/** What is written while a sync runs shares the next one. */
export function createGroupedSync(options: {
  sink: Sink
  onSuccess: () => void
  onFailure: (batches: readonly Batch[], thrown: unknown) => void
}): GroupedSync {
  let next: Batch[] = []
  let running: Promise<void> | undefined

  async function run(): Promise<void> {
    while (next.length > 0) {
      const batches = next
      next = []
      try {
        await options.sink.sync()
        options.onSuccess()
        for (const batch of batches) batch.resolve()
      } catch (thrown) {
        options.onFailure(batches, thrown)
      }
    }
    running = undefined
  }

  return {
    add(batch) {
      next.push(batch)
      running ??= run()
    },
    async idle() {
      await running
    },
  }
}
