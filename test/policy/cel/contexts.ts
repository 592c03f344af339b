import type { Call } from '../../../src/domain/call.js'
import type { JsonObject } from '../../../src/domain/json.js'
import { policyInput, type PolicyInput } from '../../../src/domain/policy-input.js'
import { anonymous, type Principal } from '../../../src/domain/principal.js'
import { createCelBudget } from '../../../src/policy/cel/budget.js'
import { compileCondition } from '../../../src/policy/cel/compile.js'
import { CelFault, type Held } from '../../../src/policy/cel/condition.js'
import { createCelContext, type CelContext } from '../../../src/policy/cel/context.js'
import { time, toolCall } from '../fixtures.js'

export interface Asked {
  /** JSON text of the arguments. */
  readonly args?: string
  readonly claims?: JsonObject
  readonly principal?: Partial<Principal>
  /** JSON text of the result. */
  readonly response?: string
  readonly call?: Partial<Call> | undefined
  readonly budgetMs?: number
}

export function inputOf({ args, claims = {}, principal, response, call }: Asked): PolicyInput {
  const text = response === undefined ? undefined : Buffer.from(response)
  return policyInput({
    call: toolCall('employee_data', args, {
      principal: { ...anonymous, claims, ...principal },
      server: 'hr',
      ...call,
    }),
    hook: text === undefined ? 'pre' : 'post',
    time,
    inputHeaders: 'all',
    response: text && { text, span: { start: 0, end: text.length }, isError: false },
  })
}

export function contextOf(asked: Asked): CelContext {
  return createCelContext(inputOf(asked), { budget: createCelBudget(asked.budgetMs ?? 1000) })
}

export function evaluate(source: string, asked: Asked = {}): Held {
  return compileCondition(source).evaluate(contextOf(asked))
}

/** `true`, `false`, or why there is no result. */
export function outcome(source: string, asked: Asked = {}): boolean | string {
  const held = evaluate(source, asked)
  return held.type === 'error' ? held.reason : held.type === 'holds'
}

export function faultOf(source: string): { readonly message: string; readonly offset: number } {
  try {
    compileCondition(source)
  } catch (thrown) {
    if (thrown instanceof CelFault) return { message: thrown.message, offset: thrown.offset }
    throw thrown
  }
  return { message: 'none', offset: -1 }
}
