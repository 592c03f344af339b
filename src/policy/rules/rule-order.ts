import type { Layer } from '../../domain/bundle.js'
import type { RuleFile, RuleSet } from './rule.js'

/** The same rules in the order in which they are asked: files by layer and name, the rules of each by id. */
export function inOrder(rules: RuleSet): RuleSet {
  const files = rules.files
    .map((file): RuleFile => ({ ...file, rules: file.rules.toSorted(byId) }))
    .toSorted(byLayer)
  return { ...rules, files }
}

export const layers: Readonly<Record<Layer, number>> = {
  organisation: 0,
  team: 1,
  server: 2,
  tool: 3,
}

function byId(one: { readonly id: string }, other: { readonly id: string }): number {
  return inByteOrder(one.id, other.id)
}

function byLayer(one: RuleFile, other: RuleFile): number {
  return layers[one.layer] - layers[other.layer] || inByteOrder(one.name, other.name)
}

function inByteOrder(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other))
}
