import type {
  Allow,
  Decision,
  Deny,
  DenyCode,
  FaultCause,
  Hook,
  ListDecision,
  Ruling,
} from '../domain/decision.js'
import { isJsonObject } from '../domain/json.js'
import type { JsonObject } from '../domain/json.js'
import type { Obligation } from '../domain/obligation.js'
import type { ObligationParser } from './parse-obligations.js'
import { ResultFault } from './result-fault.js'
import {
  effectOf,
  labelsOf,
  listOf,
  objectOf,
  onlyMembers,
  reasonsOf,
  stringOf,
  textOf,
  textsOf,
  trialOf,
} from './result-values.js'

/** What a result is read against. `kind` decides what a patch may write. */
export interface DecisionContext {
  readonly hook: Exclude<Hook, 'list'>
  readonly kind: string
  readonly revision: string
  readonly obligations: ObligationParser
}

/** Reads what an entrypoint gave. A value that is no decision is denied as a policy error that names the member. */
export function parseDecision(value: unknown, context: DecisionContext): Decision {
  try {
    return decisionOf(value, context)
  } catch (thrown) {
    if (!(thrown instanceof ResultFault)) throw thrown
    return policyError(thrown.cause, thrown.message, context.revision)
  }
}

/** Reads what `mcp/list` gave: the names that stay, as an array or a set. Any other value refuses the list. */
export function parseNames(value: unknown, revision: string): ListDecision {
  if (value === undefined) return policyError('undefined', '', revision)
  try {
    const list = listOf(value, 'the list')
    const names = list.map((name, index) => stringOf(name, `name ${index} of the list`))
    return { ...allowed(plainRuling(revision), '', []), names }
  } catch (thrown) {
    if (!(thrown instanceof ResultFault)) throw thrown
    return policyError(thrown.cause, thrown.message, revision)
  }
}

/** The refusal of a call that policy could not decide. `detail` is shown to the caller. */
export function policyError(fault: FaultCause, detail: string, revision: string): Deny {
  const reason = textOf(`policy_error: ${fault}${detail === '' ? '' : ` (${detail})`}`, 'reason')
  return refusal(plainRuling(revision), { reason, code: 'policy_error', fault })
}

function decisionOf(value: unknown, context: DecisionContext): Decision {
  const { revision } = context
  if (value === undefined) return policyError('undefined', '', revision)
  if (value === true) return allowed(plainRuling(revision), '', [])
  if (value === false) return refusal(plainRuling(revision), {})
  if (Array.isArray(value)) return fromReasons(reasonsOf(value), revision)
  if (isJsonObject(value)) return fromObject(value, context)
  throw new ResultFault('the result must be a boolean, an object, or a set or array of reasons')
}

function fromReasons(reasons: readonly string[], revision: string): Decision {
  const [reason, ...others] = reasons
  if (reason === undefined) return allowed(plainRuling(revision), '', [])
  return refusal({ ...plainRuling(revision), warnings: others }, { reason })
}

function fromObject(result: JsonObject, context: DecisionContext): Decision {
  onlyMembers(result, members, 'the result')
  const effect = askedEffect(result)
  const ruling = rulingOf(result, context.revision)
  const reason = textOf(result['reason'], 'reason')
  const remedy = textOf(result['remedy'], 'remedy')
  const code = codeOf(result['code'])
  const retryAfterSec = secondsOf(result['retry_after'])
  const terms = result['ask'] === undefined ? {} : objectOf(result['ask'], 'ask')
  switch (effect) {
    case 'deny':
      return refusal(ruling, { reason, remedy, code, retryAfterSec })
    case 'ask':
      refuseObligations(result, context)
      return { ...ruling, effect, reason, remedy, terms }
    case 'allow':
      return allowed(ruling, reason, context.obligations.parse(result, context))
    case 'dry_run':
      return {
        ...ruling,
        effect,
        reason,
        obligations: context.obligations.parse(result, context),
      }
  }
}

const members: ReadonlySet<string> = new Set([
  'allow',
  'effect',
  'reason',
  'code',
  'rule',
  'remedy',
  'retry_after',
  'patch',
  'replace',
  'filter_fields',
  'filter_sensitive',
  'mask_fields',
  'mask',
  'on_unreadable',
  'on_missing',
  'warnings',
  'trial',
  'ask',
  'labels',
])

function askedEffect(result: JsonObject): Decision['effect'] {
  const { allow, effect } = result
  if (allow !== undefined && effect !== undefined) {
    throw new ResultFault('the result has both allow and effect')
  }
  if (effect !== undefined) return effectOf(effect, 'effect')
  if (allow === undefined) throw new ResultFault('the result has neither allow nor effect')
  if (typeof allow !== 'boolean') throw new ResultFault('allow must be a boolean')
  return allow ? 'allow' : 'deny'
}

function rulingOf(result: JsonObject, revision: string): Ruling {
  const rule = textOf(result['rule'], 'rule')
  return {
    engine: 'rego',
    rules: rule === '' ? [] : [rule],
    revision,
    warnings: textsOf(result['warnings'], 'warnings'),
    labels: labelsOf(result['labels']),
    trial: trialOf(result['trial']),
  }
}

function plainRuling(revision: string): Ruling {
  return { engine: 'rego', rules: [], revision, warnings: [], labels: {}, trial: [] }
}

function codeOf(value: unknown): DenyCode {
  if (value === undefined) return 'policy_deny'
  const code = codes.find((candidate) => candidate === value)
  if (code === undefined) throw new ResultFault(`code must be one of ${codes.join(', ')}`)
  return code
}

const codes: readonly DenyCode[] = ['policy_deny', 'validation_failed', 'rate_limited']

function secondsOf(value: unknown): number | undefined {
  if (value === undefined) return undefined
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) {
    throw new ResultFault('retry_after must be a number of seconds, 0 or more')
  }
  return value
}

// A person approves the call as it was made, so an obligation on it would be lost.
function refuseObligations(result: JsonObject, context: DecisionContext): void {
  if (context.obligations.parse(result, context).length > 0) {
    throw new ResultFault(
      'a patch, replace, filter_fields, filter_sensitive or mask_fields beside an ask',
      'obligation',
    )
  }
}

// Written out member by member: V8 takes microseconds to spread an object, and every call comes by here.
function allowed(ruling: Ruling, reason: string, obligations: readonly Obligation[]): Allow {
  const { engine, rules, revision, warnings, labels, trial } = ruling
  return {
    engine,
    rules,
    revision,
    warnings,
    labels,
    trial,
    effect: 'allow',
    reason,
    obligations,
  }
}

interface RefusalTerms {
  readonly reason?: string
  readonly remedy?: string
  readonly code?: DenyCode
  readonly retryAfterSec?: number | undefined
  readonly fault?: FaultCause
}

function refusal(ruling: Ruling, terms: RefusalTerms): Deny {
  const { engine, rules, revision, warnings, labels, trial } = ruling
  return {
    engine,
    rules,
    revision,
    warnings,
    labels,
    trial,
    effect: 'deny',
    code: terms.code ?? 'policy_deny',
    reason: terms.reason ?? '',
    remedy: terms.remedy ?? '',
    retryAfterSec: terms.retryAfterSec,
    fault: terms.fault,
  }
}
