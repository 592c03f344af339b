import process from 'node:process'
import { setImmediate } from 'node:timers/promises'

const MiB = 2 ** 20

/** What this process holds once garbage is collected, in MiB. Needs `--expose-gc`. */
export async function settledMemory() {
  // Memory of WebAssembly is given back by finalizers, which run between two collections.
  for (let round = 0; round < 3; round += 1) {
    globalThis.gc()
    await setImmediate()
  }
  const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage()
  return {
    heap: heapUsed / MiB,
    external: external / MiB,
    buffers: arrayBuffers / MiB,
    rss: rss / MiB,
  }
}

/** By how much each kind of memory grew from the third quarter of the samples to the last: median to median. */
export function lateGrowth(samples) {
  const quarter = Math.floor(samples.length / 4)
  const last = samples.slice(-quarter)
  const before = samples.slice(-2 * quarter, -quarter)
  const median = (rows, kind) =>
    rows.map((row) => row[kind]).sort((a, b) => a - b)[rows.length >> 1]
  const kinds = Object.keys(samples[0]).filter((kind) => kind !== 'at')
  return Object.fromEntries(kinds.map((kind) => [kind, median(last, kind) - median(before, kind)]))
}

/** The kinds that grew by more than they may. */
export function overgrown(growth, bounds) {
  return Object.keys(bounds)
    .filter((kind) => growth[kind] > bounds[kind])
    .map((kind) => `${kind} grew by ${growth[kind].toFixed(1)} MiB, over ${bounds[kind]} MiB`)
}
