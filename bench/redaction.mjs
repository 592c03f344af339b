import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { printTable, round } from './statistics.mjs'

const worker = fileURLToPath(new URL('redaction-case.mjs', import.meta.url))
const sizesKB = [10, 100, 1000]
const rewritings = ['replace', 'replace without a match']
const maskings = [
  'parse and print',
  'mask',
  'mask, partly',
  'mask by hash',
  'mask by 250 paths',
  'filter',
  'mask in text',
]

/** Time and memory of replaces on results. */
export function redaction(options) {
  return measureAll(rewritings, options)
}

/** The same of masks and filters, beside what parsing and printing costs. */
export function masking(options) {
  return measureAll(maskings, options)
}

/** Each case in a process of its own, because memory never shrinks. */
async function measureAll(kinds, { quick }) {
  const results = []
  for (const kind of kinds) {
    for (const sizeKB of sizesKB) results.push(await measure({ kind, sizeKB, quick }))
  }
  printTable(results.map(row))
  return results
}

async function measure(task) {
  const child = fork(worker, [JSON.stringify(task)])
  const ended = once(child, 'exit')
  const answered = once(child, 'message').then(([message]) => message)
  const result = await Promise.race([answered, ended.then(([code]) => ({ failed: code }))])
  await ended
  if (result.failed !== undefined) throw new Error(`${task.kind} of ${task.sizeKB} KB failed`)
  return { ...task, ...result }
}

function row({ kind, sizeKB, places, wallMs, blockedMs, addedMiB }) {
  return {
    obligation: kind,
    'result KB': sizeKB,
    places,
    'ms p50': round(wallMs.p50),
    'ms p99': round(wallMs.p99),
    'serving thread ms p50': round(blockedMs.p50),
    'memory MiB': round(addedMiB),
  }
}
