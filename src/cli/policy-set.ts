import { fileURLToPath } from 'node:url'
import { buildBundle } from '../bundles/build.js'
import { PolicySupplyError } from '../domain/errors.js'
import { refusedBuiltins } from '../policy/offered-builtins.js'
import type { Option } from './command.js'

export const opaOption = {
  type: 'string',
  value: 'PATH',
  help: 'The opa binary that compiles; by default the one on PATH',
} as const satisfies Option

/** @throws PolicySupplyError */
export async function buildSet(
  set: string,
  {
    opa = 'opa',
    revision,
  }: { readonly opa?: string | undefined; readonly revision?: string | undefined },
): Promise<Buffer> {
  const options = { set, opa, revision, capabilities: capabilitiesFile }
  const { archive } = await buildBundle(options).catch((fault: unknown) => {
    throw advised(fault)
  })
  return archive
}

/** OPA says which function is undefined, and not what to do instead. */
function advised(fault: unknown): unknown {
  if (!(fault instanceof PolicySupplyError)) return fault
  const undefinedOnes = fault.message.matchAll(/undefined function ([\w.]+)/g)
  const names = new Set(Array.from(undefinedOnes, ([, name = '']) => name))
  const advice = refusedBuiltins([...names]).filter((text) => text.includes(' '))
  if (advice.length === 0) return fault
  const text = `${fault.message}\nThe gateway does not offer ${advice.join(', ')}`
  return new PolicySupplyError(fault.fault, text, { cause: fault })
}

/** What a policy may use: builtins that the gateway evaluates safely. */
export const capabilitiesFile = fileURLToPath(
  new URL('../../policies/capabilities.json', import.meta.url),
)
