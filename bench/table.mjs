import { createRequire } from 'node:module'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setImmediate } from 'node:timers/promises'
import { openUnverified } from '../dist/bundles/open-bundle.js'
import { policyInput } from '../dist/domain/policy-input.js'
import { openPolicy } from '../dist/policy/compile.js'
import { fuelOf } from '../dist/policy/rego-fuel.js'
import { createPatterns } from '../dist/policy/patterns.js'
import { preparePolicy } from '../dist/policy/prepare.js'
import { rowsOf, toolCall } from './messages.mjs'
import { bundleWithRules } from './policy-sets.mjs'
import { printTable, quantile, round, sorted } from './statistics.mjs'

const opa = createRequire(import.meta.url)('@open-policy-agent/opa-wasm')
const budgetMs = 25
// Far over what the largest input takes, so that it is measured and not refused.
const limits = { maxInputBytes: 4 * 2 ** 20, budgetMs: 10_000 }

/**
 * Time of one decision over rules, size of the data and size of the input, beside the package `opa-wasm`, which counts
 * nothing and can stop nothing; what it spends of the default budget; and what a load costs the serving thread.
 */
export async function table({ quick }) {
  const patterns = createPatterns()
  const rules = quick ? [10, 1000] : [10, 100, 1000, 10_000]
  const dataMBs = quick ? [0, 1] : [0, 1, 10, 50]
  const sizesKB = quick ? [1, 100] : [1, 10, 100, 1024]
  const results = []
  for (const count of rules) {
    const bundle = await openUnverified(await bundleWithRules(count), 64 * 2 ** 20)
    for (const dataMB of dataMBs) {
      const data = dataOf(dataMB * 2 ** 20)
      const loaded = await load({ ...bundle, data }, patterns)
      const control = await controlOf(bundle.wasm, data)
      for (const sizeKB of sizesKB) {
        const times = await measure({ ...loaded, control, sizeKB, quick })
        results.push({ count, dataMB, sizeKB, ...loaded.cost, ...times })
      }
    }
  }
  await patterns.close()
  printTable(results.map(row))
  return results
}

/** A document of about so many bytes: many small objects, as tables of roles and tools are. */
function dataOf(bytes) {
  const people = {}
  for (let size = 2, index = 0; size < bytes; index += 1) {
    const person = { roles: ['dev', 'reader'], team: `team-${index % 100}`, level: index % 7 }
    people[`person-${index}@example.org`] = person
    size += JSON.stringify(person).length + 32
  }
  return Buffer.from(JSON.stringify({ people }))
}

/** Prepares the policy as the supply thread does, and opens it as the serving thread does. */
async function load({ wasm, entrypoints, data, revision, digest }, patterns) {
  let spent = 0
  const started = performance.now()
  const contents = { wasm, entrypoints, data, rules: [], schemas: [] }
  const prepared = await preparePolicy(contents, limits)
  const ready = performance.now()
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  await setImmediate()
  const policy = await openPolicy(prepared, {
    revision,
    digest,
    limits,
    patterns,
    largeInput: { calls: 'deny', responses: 'deny' },
    classify: () => 'unknown',
    meter: (_hook, fuel) => (spent = fuel),
  })
  await setImmediate()
  delay.disable()
  const cost = {
    preparedMs: ready - started,
    openedMs: performance.now() - ready,
    longestStallMs: delay.max / 1e6,
  }
  return { policy, cost, spent: () => spent }
}

async function controlOf(wasm, data) {
  const pages = Math.ceil((data.length * 13.5) / 65_536) + 2_000
  const control = await opa.loadPolicy(wasm, { initial: pages, maximum: pages + 8_000 })
  control.setData(exactBuffer(data))
  return control
}

function exactBuffer(bytes) {
  return Uint8Array.from(bytes).buffer
}

async function measure({ policy, spent, control, sizeKB, quick }) {
  const call = toolCall('weather.get', {
    city: 'Berlin',
    amount: 7,
    rows: rowsOf(sizeKB * 1024),
  })
  const input = policyInput({ call, hook: 'pre', time: Date.now(), inputHeaders: 'all' })
  const document = exactBuffer(input.document)
  const repetitions = quick ? 30 : Math.max(50, Math.round(4_000 / sizeKB))
  const own = new Float64Array(repetitions)
  const others = new Float64Array(repetitions)
  for (let index = -repetitions; index < repetitions; index += 1) {
    const started = performance.now()
    const { effect, reason } = policy.evaluate(input)
    const decided = performance.now()
    const [{ result }] = control.evaluate(document, 'mcp/pre')
    const done = performance.now()
    if (effect !== 'allow' || result.allow !== true) throw new Error(`${effect} ${reason}`)
    if (index % 64 === 0) await setImmediate()
    // The first half is warm-up.
    if (index < 0) continue
    own[index] = decided - started
    others[index] = done - decided
  }
  return {
    p50: quantile(sorted(own), 0.5),
    p99: quantile(sorted(own), 0.99),
    control: quantile(sorted(others), 0.5),
    controlP99: quantile(sorted(others), 0.99),
    budgetShare: spent() / Number(fuelOf(budgetMs)),
  }
}

function row(result) {
  const { count, dataMB, sizeKB, p50, p99, control, controlP99, budgetShare } = result
  return {
    rules: count,
    'data MB': dataMB,
    'input KB': sizeKB,
    'p50 ms': round(p50),
    'p99 ms': round(p99),
    'opa-wasm p50': round(control),
    p99: round(controlP99),
    ratio: round(p50 / control),
    [`of ${budgetMs} ms`]: `${round(100 * budgetShare)} %`,
    'prepared ms': round(result.preparedMs),
    'opened ms': round(result.openedMs),
    'longest stall ms': round(result.longestStallMs),
  }
}
