import { builtins } from '../../../src/policy/builtins/offered.js'
import { parseRego, printRego } from '../../../src/policy/rego-text.js'
import type { RegoValue } from '../../../src/policy/rego-value.js'
import { noon } from './vectors.js'

/** Calls a builtin with arguments as Rego writes them; gives the result as text. */
export function call(name: string, ...args: readonly string[]): string | undefined {
  const result = callWith(
    name,
    args.map((text) => parseRego(text)),
    () => undefined,
  )
  return result === undefined ? undefined : printRego(result)
}

export function callWith(
  name: string,
  args: readonly RegoValue[],
  charge: (nanoseconds: number) => void,
): RegoValue | undefined {
  return builtins[name]?.call(args, noon, charge)
}

/** What is charged before the call. */
export function costOf(name: string, args: readonly RegoValue[]): number {
  const bytes = args.reduce<number>((sum, value) => sum + Buffer.byteLength(printRego(value)), 0)
  return builtins[name]?.cost(bytes, args) ?? 0
}

/** What is charged in all before the call ends or passes the limit. */
export function chargeOf(name: string, args: readonly RegoValue[], limit: number): number {
  let charged = costOf(name, args)
  const charge = (nanoseconds: number): void => {
    charged += nanoseconds
    if (charged > limit) throw new Error('no more')
  }
  try {
    if (charged <= limit) callWith(name, args, charge)
  } catch (thrown) {
    if (!(thrown instanceof Error) || thrown.message !== 'no more') throw thrown
  }
  return charged
}
