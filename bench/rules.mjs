import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setImmediate } from 'node:timers/promises'
import { openUnverified } from '../dist/bundles/open-bundle.js'
import { policyInput } from '../dist/domain/policy-input.js'
import { openPolicy } from '../dist/policy/compile.js'
import { createPatterns } from '../dist/policy/patterns.js'
import { preparePolicy } from '../dist/policy/prepare.js'
import { toolCall } from './messages.mjs'
import { bundleWithRules } from './policy-sets.mjs'
import { printTable, quantile, round, sorted } from './statistics.mjs'

const limits = { maxInputBytes: 2 ** 20, budgetMs: 25 }

/**
 * Time of one decision by rules in YAML and CEL, by their number, beside Rego that says the same: of a call that no rule
 * is about, of one that one rule is about, and of tools that were never called before.
 */
export async function rules({ quick }) {
  const patterns = createPatterns()
  const results = []
  for (const count of quick ? [10, 1000] : [10, 100, 1000, 10_000]) {
    const ofRules = await load(await bundleOfRules(count), patterns)
    const ofRego = await load(await openUnverified(await bundleWithRules(count), 2 ** 26), patterns)
    for (const [name, question] of Object.entries(questions)) {
      results.push({
        count,
        name,
        ...ofRules.cost,
        ...(await measure(ofRules.policy, ofRego.policy, question, repetitionsOf(count, quick))),
      })
    }
  }
  await patterns.close()
  printTable(results.map(row))
  return results
}

/** Rego tries its rules one after the other. */
function repetitionsOf(count, quick) {
  if (quick) return 300
  return count > 1_000 ? 1_000 : 5_000
}

const args = { city: 'Berlin', amount: 7 }
const questions = {
  'no rule': () => toolCall('weather.now', args),
  'one rule': () => toolCall('weather.get', args),
  'new names': (index) => toolCall(`new-${index}`, args),
}

/** The rules of `bundleWithRules`, and one about `weather.get` that it does not break. */
async function bundleOfRules(count) {
  const lines = Array.from({ length: count - 1 }, (_, index) =>
    index % 2 === 0
      ? `  - { id: bounds-${index}, match: { tool: tool-${index} }, when: "$amount > ${index}", effect: deny, reason: bounds }`
      : `  - { id: form-${index}, match: { tool: "family-${index}.*" }, when: "!$city.matches('^[a-z]{1,${(index % 20) + 1}}$')", effect: deny, reason: form }`,
  )
  const one = `  - { id: one, match: { tool: weather.get }, when: "user.id == '' || $amount > 100", effect: deny, reason: bounds }`
  const text = Buffer.from(`rules:\n${[...lines, one].join('\n')}\n`)
  return {
    ...{ revision: `rules-${count}`, digest: '', wasm: undefined, entrypoints: [] },
    ...{ data: Buffer.from('{}'), schemas: [], rules: [{ name: 'rules.yaml', text }] },
  }
}

/** Prepares the policy as the supply thread does, and opens it as the serving thread does. */
async function load(bundle, patterns) {
  const started = performance.now()
  const prepared = await preparePolicy(bundle, limits)
  const ready = performance.now()
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  await setImmediate()
  const { revision, digest } = bundle
  const largeInput = { calls: 'deny', responses: 'deny' }
  const classify = () => 'unknown'
  const policy = await openPolicy(prepared, {
    ...{ revision, digest, limits, largeInput, patterns, classify },
  })
  await setImmediate()
  delay.disable()
  const cost = {
    preparedMs: ready - started,
    openedMs: performance.now() - ready,
    longestStallMs: delay.max / 1e6,
  }
  return { policy, cost }
}

async function measure(policy, control, question, repetitions) {
  const own = new Float64Array(repetitions)
  const others = new Float64Array(repetitions)
  for (let index = -repetitions; index < repetitions; index += 1) {
    const call = question(index + repetitions)
    const input = policyInput({ call, hook: 'pre', time: Date.now(), inputHeaders: 'all' })
    const started = performance.now()
    const { effect, reason } = policy.evaluate(input)
    const decided = performance.now()
    const controlled = control.evaluate(input)
    const done = performance.now()
    if (effect !== 'allow' || controlled.effect !== 'allow') throw new Error(`${effect} ${reason}`)
    if (index % 64 === 0) await setImmediate()
    // The first half is warm-up.
    if (index < 0) continue
    own[index] = (decided - started) * 1000
    others[index] = (done - decided) * 1000
  }
  return { us: quantilesOf(own), regoUs: quantilesOf(others) }
}

function quantilesOf(values) {
  const ordered = sorted(values)
  return { p50: quantile(ordered, 0.5), p99: quantile(ordered, 0.99) }
}

function row({ count, name, us, regoUs, preparedMs, openedMs, longestStallMs }) {
  return {
    rules: count,
    call: name,
    'p50 µs': round(us.p50),
    'p99 µs': round(us.p99),
    'Rego p50 µs': round(regoUs.p50),
    'Rego p99 µs': round(regoUs.p99),
    'prepared ms': round(preparedMs),
    'opened ms': round(openedMs),
    'longest stall ms': round(longestStallMs),
  }
}
