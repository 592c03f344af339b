import type { Call } from '../../domain/call.js'
import type { Held } from '../cel/condition.js'
import { isAbout, type CompiledFile, type CompiledRule } from './compiled-rule.js'
import type { Judgement } from './judgement.js'
import type { Seat } from './rule-index.js'

/** A rule that fits the call, and whose condition does not fail. */
export type Finding = Holding | Broken

export interface Holding {
  readonly rule: CompiledRule
  readonly held: Extract<Held, { readonly type: 'holds' }>
}

/** A rule whose condition could not be evaluated. */
export interface Broken {
  readonly rule: CompiledRule
  readonly held: Extract<Held, { readonly type: 'error' }>
}

/** Whether the caller is one that the file is about. */
export function isInScope({ fitsCaller }: CompiledFile, call: Call): boolean {
  return fitsCaller === undefined || fitsCaller(call)
}

/** The rules of the file that have something to say of the call, by id. Each that fits is asked, so that order means nothing. */
export function findingsOf({ rules }: Seat, judgement: Judgement): readonly Finding[] {
  const { call, actionClass } = judgement.input
  let findings: Finding[] | undefined
  for (const rule of rules) {
    if (!isAbout(rule, call, actionClass)) continue
    const held = judgement.held(rule)
    if (held.type === 'fails') continue
    findings ??= []
    findings.push(held.type === 'error' ? { rule, held } : { rule, held })
  }
  return findings ?? noFindings
}

const noFindings: readonly Finding[] = []

export function isHolding(finding: Finding): finding is Holding {
  return finding.held.type === 'holds'
}

export function isBroken(finding: Finding): finding is Broken {
  return finding.held.type === 'error'
}

/** Whether it exempts the caller from others of its file where it holds. */
export function isExemption({ rule }: CompiledRule): boolean {
  return rule.hook === 'post' && rule.action.effect === 'allow'
}

/** Whether an allow of the same file exempts the caller from it. */
export function isExemptible({ rule }: CompiledRule): boolean {
  return exemptible.has(rule.action.effect)
}

const exemptible: ReadonlySet<string> = new Set([
  'filter_fields',
  'filter_sensitive',
  'mask_fields',
])
