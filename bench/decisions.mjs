import { readFileSync } from 'node:fs'
import { openUnverified } from '../dist/bundles/open-bundle.js'
import { policyInput } from '../dist/domain/policy-input.js'
import { compilePolicy } from '../dist/policy/compile.js'
import { createPatterns } from '../dist/policy/patterns.js'
import { rowsOf, toolCall, toolResult } from './messages.mjs'
import { bundleWithRules } from './policy-sets.mjs'
import { printTable, quantile, round, sorted } from './statistics.mjs'

const maxInputBytes = 4 * 2 ** 20
const sizesKB = [1, 10, 100]

/** Time of one decision, in this process, by rules and size of the input. */
export async function decisions({ quick }) {
  const patterns = createPatterns()
  const results = []
  for (const { name, archive } of await bundles()) {
    const bundle = await openUnverified(archive, 64 * 2 ** 20)
    const policy = await compilePolicy(bundle, {
      patterns,
      limits: { maxInputBytes, budgetMs: 1000 },
      largeInput: { calls: 'deny', responses: 'deny' },
      classify: () => 'unknown',
    })
    const hooks = policy.hooks.post ? ['pre', 'post'] : ['pre']
    for (const hook of hooks) {
      for (const sizeKB of sizesKB) {
        const times = measure(policy, hook, sizeKB, quick)
        results.push({
          name,
          hook,
          sizeKB,
          bundleBytes: archive.length,
          wasmBytes: bundle.wasm.length,
          ...times,
        })
      }
    }
  }
  await patterns.close()
  printTable(results.map(row))
  return results
}

async function bundles() {
  const starter = readFileSync(new URL('../bundles/starter.tar.gz', import.meta.url))
  const all = [{ name: 'starter', archive: starter }]
  for (const count of [10, 100, 1000]) {
    all.push({ name: `${count} rules`, archive: await bundleWithRules(count) })
  }
  return all
}

function measure(policy, hook, sizeKB, quick) {
  const question = questionOf(hook, sizeKB * 1024)
  const expected = policy.evaluate(policyInput(question)).effect
  if (expected !== 'allow')
    throw new Error(`the ${hook} decision should be allow, but is ${expected}`)
  const repetitions = quick ? 50 : sizeKB === 100 ? 3_000 : 10_000
  const building = new Float64Array(repetitions)
  const deciding = new Float64Array(repetitions)
  for (let index = -repetitions; index < repetitions; index += 1) {
    const started = performance.now()
    const input = policyInput(question)
    const built = performance.now()
    const { effect } = policy.evaluate(input)
    const decided = performance.now()
    if (effect !== expected) throw new Error(`decision ${index} is ${effect}`)
    // The first half is warm-up.
    if (index < 0) continue
    building[index] = (built - started) * 1000
    deciding[index] = (decided - built) * 1000
  }
  return { buildUs: quantilesOf(building), decideUs: quantilesOf(deciding) }
}

function questionOf(hook, bytes) {
  const time = Date.now()
  if (hook === 'pre') {
    const call = toolCall('weather.get', { city: 'Berlin', amount: 7, rows: rowsOf(bytes) })
    return { call, hook, time, inputHeaders: 'all' }
  }
  const structuredContent = { rows: rowsOf(bytes) }
  const response = toolResult({
    content: [{ type: 'text', text: 'See the table' }],
    structuredContent,
  })
  return {
    call: toolCall('weather.get', { city: 'Berlin' }),
    hook,
    time,
    response,
    inputHeaders: 'all',
  }
}

function quantilesOf(values) {
  const ordered = sorted(values)
  return {
    p50: quantile(ordered, 0.5),
    p99: quantile(ordered, 0.99),
    p999: quantile(ordered, 0.999),
  }
}

function row({ name, hook, sizeKB, bundleBytes, wasmBytes, buildUs, decideUs }) {
  return {
    policy: name,
    'bundle KB': round(bundleBytes / 1024),
    'wasm KB': round(wasmBytes / 1024),
    hook,
    'input KB': sizeKB,
    'input built µs p50': round(buildUs.p50),
    'decided µs p50': round(decideUs.p50),
    p99: round(decideUs.p99),
    'p99.9': round(decideUs.p999),
  }
}
