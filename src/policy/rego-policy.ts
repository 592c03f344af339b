import type { Deny, FaultCause, Hook, ListDecision } from '../domain/decision.js'
import type { PolicyInput } from '../domain/policy-input.js'
import type { Policy } from '../domain/ports.js'
import type { RegoEvaluator } from './evaluator.js'
import { createDecisions } from './decisions.js'
import { parseDecision, parseNames, policyError } from './parse-decision.js'
import type { ObligationParser } from './parse-obligations.js'
import { RegoFault } from './rego-fault.js'
import { hasLoneSurrogate } from './surrogates.js'

/** A policy that one Rego module decides. Whatever goes wrong is a decision too: a refusal that says what it was. */
export function createRegoPolicy(parts: {
  readonly evaluator: RegoEvaluator
  readonly entrypoints: readonly string[]
  readonly revision: string
  readonly digest: string
  readonly maxInputBytes: number
  readonly obligations: ObligationParser
}): Policy {
  const { evaluator, revision, digest, maxInputBytes, obligations } = parts
  const has = (hook: Hook) => parts.entrypoints.includes(entrypoints[hook])
  const hooks = { pre: has('pre'), post: has('post'), list: has('list') }

  const decisions = createDecisions((text, hook, kind) =>
    parseDecision(resultIn(text), { hook, kind, revision, obligations }),
  )

  /** What the entrypoint of the hook says, or why it was not asked. */
  function ask(input: PolicyInput): string | Deny {
    const { hook, document } = input
    const unfit = unfitness(input, maxInputBytes)
    if (unfit !== undefined) return policyError(unfit, '', revision)
    if (!hooks[hook]) return policyError('undefined', `no ${entrypoints[hook]}`, revision)
    try {
      return evaluator.evaluate(entrypoints[hook], document)
    } catch (thrown) {
      return faultOf(thrown)
    }
  }

  function faultOf(thrown: unknown): Deny {
    if (!(thrown instanceof RegoFault)) return policyError('trap', '', revision)
    return policyError(thrown.cause, thrown.place, revision)
  }

  function list(input: PolicyInput): ListDecision {
    const said = ask(input)
    if (typeof said !== 'string') return said
    try {
      return parseNames(resultIn(said), revision)
    } catch (thrown) {
      return faultOf(thrown)
    }
  }

  return {
    revision,
    digest,
    hooks,
    list,
    evaluate(input) {
      const { hook, call } = input
      if (hook === 'list') return list(input)
      const said = ask(input)
      if (typeof said !== 'string') return said
      try {
        return decisions.of(said, hook, call.operation.kind)
      } catch (thrown) {
        return faultOf(thrown)
      }
    },
  }
}

/** The value in a result set of one entrypoint; undefined where policy leaves it so. */
function resultIn(text: string): unknown {
  const [result] = JSON.parse(text) as readonly { readonly result: unknown }[]
  return result?.result
}

const entrypoints: Readonly<Record<Hook, string>> = {
  pre: 'mcp/pre',
  post: 'mcp/post',
  list: 'mcp/list',
}

function unfitness(
  { hook, call, document }: PolicyInput,
  maxBytes: number,
): FaultCause | undefined {
  if (document.length > maxBytes) return 'input_too_large'
  // After the call was forwarded the document has the text of a second message, the response.
  const readable = call.message.wellFormed && (hook === 'pre' || !hasLoneSurrogate(document))
  return readable ? undefined : 'input'
}
