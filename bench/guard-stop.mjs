import { readFileSync } from 'node:fs'
import { openUnverified } from '../dist/bundles/open-bundle.js'
import { fuelPerMs } from '../dist/policy/metering/fuel.js'

export const budgetMs = 25
export const budget = BigInt(budgetMs * fuelPerMs)

export function stopByFuel(metered, input) {
  const begun = performance.now()
  expectStop(() => metered.evaluate(input, budget))
  const stopped = performance.now()
  metered.restore()
  return { stopped: stopped - begun, ready: performance.now() - stopped }
}

export function expectStop(evaluate) {
  const text = unlessStopped(evaluate)
  if (text !== undefined) throw new Error(`was not stopped: ${text}`)
}

/** Undefined where it was. */
export function unlessStopped(evaluate) {
  try {
    return evaluate()
  } catch {
    return undefined
  }
}

/** A policy whose calls say how much work it does, and of which kind. */
export async function laborious() {
  const file = new URL('../test/fixtures/policies/laborious/bundle.tar.gz', import.meta.url)
  return openUnverified(readFileSync(file), 64 * 2 ** 20)
}

export function workOf(kind, n) {
  const text = 'the quick brown fox jumps over the lazy dog, again and again and again'
  return Buffer.from(JSON.stringify({ tool: { name: kind, args: { n, text } } }))
}
