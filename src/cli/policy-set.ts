import { fileURLToPath } from 'node:url'
import { buildBundle } from '../bundles/build.js'
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
  const { archive } = await buildBundle({ set, opa, revision, capabilities })
  return archive
}

// What a policy may use: builtins that the gateway evaluates safely.
const capabilities = fileURLToPath(new URL('../../policies/capabilities.json', import.meta.url))
