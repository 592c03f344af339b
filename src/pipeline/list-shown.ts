import { hash } from 'node:crypto'
import type { ListDecision } from '../domain/decision.js'
import { inputAt } from '../domain/policy-input.js'
import type { Policy } from '../domain/ports.js'
import type { KeptPage } from './list-memory.js'
import { schemalessIn } from './shown-schemas.js'

/** A kept page as this policy would show it. */
export function shownUnder(policy: Policy, { description, items }: KeptPage, time: number): string {
  const { text, names } = items
  const span = { start: 0, end: text.length }
  const schemaless = schemalessIn(text, span, { call: description.call, policy })
  if (!policy.hooks.list) return digestOfShown(names, undefined, schemaless)
  const decision = policy.list(inputAt(description, { hook: 'list', time, items: { text, span } }))
  return digestOfShown(names, decision, schemaless)
}

/**
 * One text for one list as its reader is shown it; `decision` is undefined where policy hides nothing, and `schemaless`
 * names the tools that are shown without the output schema that they have.
 */
export function digestOfShown(
  names: readonly string[],
  decision: ListDecision | undefined,
  schemaless: readonly string[],
): string {
  if (decision?.effect === 'deny') return 'refused'
  const shown = new Set(decision?.names)
  const left = decision === undefined ? names : names.filter((name) => shown.has(name))
  const shownSchemaless = schemaless.filter((name) => left.includes(name))
  return hash('sha256', JSON.stringify([left, shownSchemaless]))
}
