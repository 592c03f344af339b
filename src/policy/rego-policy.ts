import type { Deny, Hook, ListDecision } from '../domain/decision.js'
import type { PolicyInput } from '../domain/policy-input.js'
import type { Policy } from '../domain/ports.js'
import { createDecisions } from './decisions.js'
import { entrypoints } from './entrypoints.js'
import type { RegoEvaluator } from './evaluator.js'
import { parseDecision, parseNames, policyError } from './parse-decision.js'
import type { ObligationParser } from './parse-obligations.js'
import { RegoFault } from './rego-fault.js'
import { readResult } from './rego-result.js'
import { isReadable, shownInput, type LargeInput } from './shown-input.js'

export interface RegoPolicyParts {
  readonly evaluator: RegoEvaluator
  readonly hooks: Policy['hooks']
  readonly revision: string
  readonly digest: string
  readonly maxInputBytes: number
  readonly largeInput: LargeInput
  readonly obligations: ObligationParser
  readonly redacts: Policy['redacts']
  /** Told once an evaluation how much fuel it took. */
  readonly meter?: (hook: Hook, fuel: number) => void
}

/** A policy that one Rego module decides. Whatever goes wrong is a decision too: a refusal that says what it was. */
export function createRegoPolicy(parts: RegoPolicyParts): Policy {
  const { evaluator, hooks, revision, digest, obligations, redacts, meter } = parts
  const decisions = createDecisions((text, hook, kind) =>
    parseDecision(readResult(text), { hook, kind, revision, obligations }),
  )

  /** What the entrypoint of the hook says, or why it was not asked. */
  function ask(input: PolicyInput): string | Deny {
    const { hook } = input
    if (!hooks[hook]) return policyError('undefined', `no ${entrypoints[hook]}`, revision)
    const shown = shownInput(input, parts)
    if (shown === undefined) return policyError('input_too_large', '', revision)
    if (!isReadable(shown)) return policyError('input', '', revision)
    try {
      return evaluator.evaluate(shown)
    } catch (thrown) {
      return faultOf(thrown, revision)
    } finally {
      meter?.(hook, evaluator.fuelUsed())
    }
  }

  function list(input: PolicyInput): ListDecision {
    const said = ask(input)
    if (typeof said !== 'string') return said
    try {
      return parseNames(readResult(said), revision)
    } catch (thrown) {
      return faultOf(thrown, revision)
    }
  }

  return {
    revision,
    digest,
    hooks,
    redacts,
    list,
    evaluate(input) {
      const { hook, call } = input
      if (hook === 'list') return list(input)
      const said = ask(input)
      if (typeof said !== 'string') return said
      try {
        return decisions.of(said, hook, call.operation.kind)
      } catch (thrown) {
        return faultOf(thrown, revision)
      }
    },
    retire: () => evaluator.release(),
  }
}

function faultOf(thrown: unknown, revision: string): Deny {
  if (!(thrown instanceof RegoFault)) return policyError('trap', '', revision)
  return policyError(thrown.cause, thrown.place, revision)
}
