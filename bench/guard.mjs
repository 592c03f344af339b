/* global WebAssembly */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { createContext, Script } from 'node:vm'
import { Worker } from 'node:worker_threads'
import { openUnverified } from '../dist/bundles/open-bundle.js'
import { policyInput } from '../dist/domain/policy-input.js'
import { meterModule } from '../dist/policy/metering/meter.js'
import { openMetered, openModule } from './guard-host.mjs'
import { rateRow, rates } from './guard-rates.mjs'
import {
  budget,
  budgetMs,
  expectStop,
  laborious,
  stopByFuel,
  unlessStopped,
  workOf,
} from './guard-stop.mjs'
import { rowsOf, toolCall } from './messages.mjs'
import { bundleWithRules } from './policy-sets.mjs'
import { median, printTable, quantile, round, sorted } from './statistics.mjs'

/** What it costs to be able to stop a policy, how fast each way stops one, and how far fuel tells the time. */
export async function guard({ quick }) {
  const results = {
    overhead: await overheads(quick),
    stops: await stops(quick),
    rates: await rates(quick),
  }
  printTable(results.overhead.map(overheadRow))
  console.log()
  printTable(results.stops.map(stopRow))
  console.log()
  printTable(results.rates.map(rateRow))
  return results
}

async function overheads(quick) {
  const rows = []
  for (const { name, bundle } of await bundles()) {
    for (const sizeKB of [1, 10, 100]) {
      const input = inputOf(sizeKB * 1024)
      rows.push({ name, sizeKB, ...(await overheadOf(bundle, input, quick)) })
    }
  }
  return rows
}

async function bundles() {
  const starter = readFileSync(new URL('../bundles/starter.tar.gz', import.meta.url))
  const archives = [
    { name: 'starter', archive: starter },
    { name: '100 rules', archive: await bundleWithRules(100) },
    { name: '1000 rules', archive: await bundleWithRules(1000) },
  ]
  const opened = []
  for (const { name, archive } of archives) {
    opened.push({ name, bundle: await openUnverified(archive, 64 * 2 ** 20) })
  }
  return opened
}

function inputOf(bytes) {
  const call = toolCall('weather.get', { city: 'Berlin', amount: 7, rows: rowsOf(bytes) })
  return Buffer.from(
    policyInput({ call, hook: 'pre', time: Date.now(), inputHeaders: 'all' }).document,
  )
}

const names = ['none', 'fuel', 'timeout', 'thread']

/**
 * The four take turns, so that whatever else the machine does falls on all of them; some evaluations each, because the
 * code of one puts that of the other out of the caches.
 */
async function overheadOf({ wasm, data }, input, quick) {
  const guards = await guardsOf(wasm, data)
  const expected = guards.none(input)
  for (const name of names) await warmUp(() => guards[name](input), quick)
  const times = Object.fromEntries(names.map((name) => [name, []]))
  let wronglyStopped = 0
  for (let turn = quick ? 2 : 80; turn > 0; turn -= 1) {
    for (const name of names) {
      for (let index = 0; index < 25; index += 1) {
        const started = performance.now()
        const answer = guards[name](input)
        const text = typeof answer === 'object' ? await answer : answer
        times[name].push((performance.now() - started) * 1000)
        if (text === undefined) wronglyStopped += 1
        else if (text !== expected) throw new Error(`${name} says ${text}`)
      }
    }
  }
  await guards.close()
  const quantiles = names.map((name) => [name, quantilesOf(times[name])])
  return { wronglyStopped, ...Object.fromEntries(quantiles) }
}

/** The runtime optimises what has run for long; a function of a thousand rules must have run for half a second. */
async function warmUp(evaluate, quick) {
  const until = performance.now() + (quick ? 20 : 2000)
  while (performance.now() < until) await evaluate()
}

async function guardsOf(wasm, data) {
  const code = new WebAssembly.Module(wasm)
  const plain = openModule(code, data)
  const metered = openMetered(new WebAssembly.Module(meterModule(wasm).wasm), data)
  const timed = timedEvaluation(plain)
  const worker = await started(code, data)
  return {
    none: plain.evaluate,
    fuel: (input) => metered.evaluate(input, budget),
    timeout: (input) => unlessStopped(() => timed(input)),
    thread: (input) => {
      worker.postMessage(input)
      return once(worker, 'message').then(([text]) => text)
    },
    close: () => worker.terminate(),
  }
}

/** A script with a time limit: a thread of the runtime watches over each call. */
function timedEvaluation({ evaluate }) {
  const context = createContext({ evaluate, input: undefined })
  const script = new Script('evaluate(input)')
  return (input) => {
    context.input = input
    return script.runInContext(context, { timeout: budgetMs })
  }
}

async function started(code, data) {
  const worker = new Worker(new URL('./guard-worker.mjs', import.meta.url), {
    workerData: { code, data },
  })
  await once(worker, 'message')
  return worker
}

function quantilesOf(values) {
  const ordered = sorted(values)
  return { p50: quantile(ordered, 0.5), p99: quantile(ordered, 0.99) }
}

const over = (row, name) => `${round((row[name].p50 / row.none.p50 - 1) * 100)} %`

function overheadRow(row) {
  return {
    policy: row.name,
    'input KB': row.sizeKB,
    'none µs p50': round(row.none.p50),
    'fuel p50': round(row.fuel.p50),
    'script with timeout p50': round(row.timeout.p50),
    'thread p50': round(row.thread.p50),
    'fuel costs': over(row, 'fuel'),
    'script costs': over(row, 'timeout'),
    'thread costs': over(row, 'thread'),
    'stopped wrongly by the script': row.wronglyStopped,
  }
}

/** A policy that would run for minutes: how long until it is stopped, and until the next call can be judged. */
async function stops(quick) {
  const { wasm, data } = await laborious()
  const input = workOf('pairs', 3000)
  const code = new WebAssembly.Module(wasm)
  const metered = openMetered(new WebAssembly.Module(meterModule(wasm).wasm), data)
  const ways = {
    fuel: () => stopByFuel(metered, input),
    'script with timeout': () => stopByTimeout(code, data, input),
    thread: () => stopByThread(code, data, input),
  }
  const rows = Object.keys(ways).map((name) => ({ name, stopped: [], ready: [] }))
  for (let turn = quick ? 2 : 20; turn > 0; turn -= 1) {
    for (const row of rows) {
      const { stopped, ready } = await ways[row.name]()
      row.stopped.push(stopped)
      row.ready.push(ready)
    }
  }
  return rows
}

function stopByTimeout(code, data, input) {
  const evaluate = timedEvaluation(openModule(code, data))
  const begun = performance.now()
  expectStop(() => evaluate(input))
  const stopped = performance.now()
  // What was interrupted has leaked its stack, and nothing can put that back.
  openModule(code, data)
  return { stopped: stopped - begun, ready: performance.now() - stopped }
}

async function stopByThread(code, data, input) {
  const worker = await started(code, data)
  const begun = performance.now()
  worker.postMessage(input)
  await wait(budgetMs)
  await worker.terminate()
  const stopped = performance.now()
  const next = await started(code, data)
  const ready = performance.now() - stopped
  await next.terminate()
  return { stopped: stopped - begun, ready }
}

function stopRow({ name, stopped, ready }) {
  return {
    guard: name,
    'stopped after ms p50': round(median(stopped)),
    'at most': round(Math.max(...stopped)),
    'ready again after ms p50': round(median(ready)),
  }
}
