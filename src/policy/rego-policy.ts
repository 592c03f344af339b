import type { Decision, FaultCause, Hook } from '../domain/decision.js'
import type { PolicyInput } from '../domain/policy-input.js'
import type { Policy } from '../domain/ports.js'
import type { RegoEvaluator } from './evaluator.js'
import { createDecisions } from './decisions.js'
import { parseDecision, policyError } from './parse-decision.js'
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

  const decisions = createDecisions((text, hook, kind) => {
    const [result] = JSON.parse(text) as readonly { readonly result: unknown }[]
    return parseDecision(result?.result, { hook, kind, revision, obligations })
  })

  function decide(input: PolicyInput): Decision {
    const { hook, call, document } = input
    const unfit = unfitness(input, maxInputBytes)
    if (unfit !== undefined) return policyError(unfit, '', revision)
    if (!hooks[hook]) return policyError('undefined', `no ${entrypoints[hook]}`, revision)
    const { kind } = call.operation
    return decisions.of(evaluator.evaluate(entrypoints[hook], document), hook, kind)
  }

  return {
    revision,
    digest,
    hooks,
    evaluate(input) {
      try {
        return decide(input)
      } catch (thrown) {
        if (!(thrown instanceof RegoFault)) return policyError('trap', '', revision)
        return policyError(thrown.cause, thrown.place, revision)
      }
    },
  }
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
  // At post the document has the text of a second message, the response.
  const readable = call.message.wellFormed && (hook !== 'post' || !hasLoneSurrogate(document))
  return readable ? undefined : 'input'
}
