import { hash } from 'node:crypto'
import type { ListDecision } from '../domain/decision.js'
import { inputAt } from '../domain/policy-input.js'
import type { Policy } from '../domain/ports.js'
import type { KeptPage } from './list-memory.js'

/** A kept page as this policy would show it. */
export function shownUnder(policy: Policy, { description, items }: KeptPage, time: number): string {
  const { text, names } = items
  if (!policy.hooks.list) return digestOfShown(names, undefined)
  const span = { start: 0, end: text.length }
  return digestOfShown(
    names,
    policy.list(inputAt(description, { hook: 'list', time, items: { text, span } })),
  )
}

/** One text for one list as its reader is shown it; `decision` is undefined where policy hides nothing. */
export function digestOfShown(
  names: readonly string[],
  decision: ListDecision | undefined,
): string {
  if (decision?.effect === 'deny') return 'refused'
  const shown = new Set(decision?.names)
  const left = decision === undefined ? names : names.filter((name) => shown.has(name))
  return hash('sha256', JSON.stringify(left))
}
