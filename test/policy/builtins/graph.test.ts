import { expect, test } from 'vitest'
import { parseRego } from '../../../src/policy/rego-text.js'
import { chargeOf } from './calls.js'

const complete = (size: number): string => {
  const names = Array.from({ length: size }, (_, n) => `"n${n}"`)
  return `{${names.map((name) => `${name}:[${names.join()}]`).join()}}`
}

test('a graph of a few nodes with millions of paths is walked no further than is paid for', () => {
  const args = [parseRego(complete(30)), ['n0']]
  expect(chargeOf('graph.reachable_paths', args, 25_000_000)).toBeGreaterThan(25_000_000)
})

test('the paths of a tree cost as much as there are nodes', () => {
  const tree = Array.from({ length: 50 }, (_, n) => `"n${n}":["n${2 * n + 1}","n${2 * n + 2}"]`)
  const args = [parseRego(`{${tree.join()}}`), ['n0']]
  expect(chargeOf('graph.reachable_paths', args, 1e9)).toBeLessThan(2_000_000)
})
