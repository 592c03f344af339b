import { GatewayError, PolicySupplyError } from '../domain/errors.js'
import type { PolicyCase } from '../domain/policy-case.js'
import type { PolicyInput } from '../domain/policy-input.js'
import { inputOfCase } from '../wire/case-input.js'

/** A call that a policy has to have a decision for, whichever it is. */
export interface OwnCase {
  readonly name: string
  readonly input: PolicyInput
}

/** @throws PolicySupplyError `check` where one of the cases is no call */
export function ownCases(cases: readonly PolicyCase[]): readonly OwnCase[] {
  return cases.map((each) => {
    const name = `${each.place} ${each.name}`
    return { name, input: inputOf(each, name) }
  })
}

function inputOf(each: PolicyCase, name: string): PolicyInput {
  try {
    return inputOfCase(each)
  } catch (thrown) {
    if (!(thrown instanceof GatewayError)) throw thrown
    throw new PolicySupplyError(
      'check',
      `The case "${name}" of the bundle is no call: ${thrown.message}`,
    )
  }
}
