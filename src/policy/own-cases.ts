import { GatewayError, PolicySupplyError } from '../domain/errors.js'
import type { PolicyCase } from '../domain/policy-case.js'
import type { PolicyInput } from '../domain/policy-input.js'
import { inputsOfCase } from '../wire/case-input.js'

/** A call that a policy has to have a decision for, whichever it is. */
export interface OwnCase {
  readonly name: string
  readonly input: PolicyInput
}

/** @throws PolicySupplyError `check` where one of the cases is no call */
export function ownCases(cases: readonly PolicyCase[]): readonly OwnCase[] {
  return cases.flatMap((each) => {
    const name = `${each.place} ${each.name}`
    return inputsOf(each, name).map((input) => ({ name, input }))
  })
}

function inputsOf(each: PolicyCase, name: string): readonly PolicyInput[] {
  try {
    return inputsOfCase(each)
  } catch (thrown) {
    if (!(thrown instanceof GatewayError)) throw thrown
    throw new PolicySupplyError(
      'check',
      `The case "${name}" of the bundle is no call: ${thrown.message}`,
    )
  }
}
