import type { Builtin } from './builtins/builtin.js'
import { builtins as offered } from './builtins/offered.js'
import { exportsOf, metersOf } from './rego-exports.js'
import type { Meters, RegoExports } from './rego-exports.js'
import { RegoFault } from './rego-fault.js'
import { fuelOf } from './rego-fuel.js'
import { createRegoHost } from './rego-host.js'
import type { RegoHost } from './rego-host.js'
import { createRegoMemory } from './rego-memory.js'
import type { RegoMemory } from './rego-memory.js'
import { runtime } from './rego-runtime.js'
import type { RegoModule } from './rego.js'

/** One run of a module, with memory of its own. */
export interface RegoInstance {
  readonly memory: RegoMemory
  readonly exports: RegoExports
  readonly meters: Meters
  readonly host: RegoHost
}

/** @throws whatever the start of the module throws; it runs on little fuel */
export function instantiateRego(
  module: Pick<RegoModule, 'code' | 'mutableGlobals' | 'builtins'>,
  pages: { readonly initial: number; readonly maximum: number },
): RegoInstance {
  const memory = createRegoMemory(pages)
  const host = createRegoHost({
    memory,
    builtins: byNumber(module.builtins),
    exports: () => exports,
    charge: (nanoseconds) => charge(meters, nanoseconds),
  })
  const instance = new runtime.Instance(module.code, host.imports)
  const exports = exportsOf(instance)
  const meters = metersOf(instance, module.mutableGlobals)
  meters.maxPages.value = pages.maximum
  return { memory, exports, meters, host }
}

function byNumber(numbers: RegoModule['builtins']): readonly (Builtin | undefined)[] {
  const found: (Builtin | undefined)[] = []
  for (const [name, id] of Object.entries(numbers)) found[id] = offered[name]
  return found
}

function charge({ fuel }: Meters, nanoseconds: number): void {
  const price = fuelOf(nanoseconds / 1e6)
  const left = Number(fuel.value) - price
  // A price that is not a number is one that nobody can pay.
  const isPaid = left >= 0
  fuel.value = isPaid ? BigInt(left) : -1n
  if (!isPaid) throw new RegoFault('budget', 'a builtin costs more than what is left', '')
}
