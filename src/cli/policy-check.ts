import {
  contentsText,
  isFolder,
  readNamedFile,
  reportOn,
  signatureText,
  warningLines,
} from './bundle-file.js'
import { parseCommandLine } from './command.js'
import { isRulesFile, openPolicyPath } from './policy-path.js'
import { opaOption } from './policy-set.js'
import {
  openVerified,
  refuseVerification,
  verificationOptions,
  type VerificationValues,
} from './verification.js'
import type { Bundle } from '../domain/bundle.js'
import type { Command } from './command.js'

const options = {
  strict: { type: 'boolean', help: 'Take warnings for failures' },
  opa: opaOption,
  ...verificationOptions,
} as const

export const policyCheck: Command = {
  name: 'policy check',
  summary: 'Check a bundle, a policy set, or rules, as loading them would',
  synopsis:
    'FILE|SET|RULES [--strict] [--opa PATH] [--keys KEYS] [--require-signature] [--sha256 DIGEST]',
  options,
  details:
    'A set is built in memory first, which needs the opa binary where it has Rego. Warnings are for authors of rules and of\nRego; exit code 1 when it fails.',
  async run(args, { terminal }) {
    const { values, positionals } = parseCommandLine(args, options, ['FILE, SET or RULES'])
    const [path = ''] = positionals
    const bundle = await opened(path, values)
    const report = await reportOn(bundle)
    const { revision, warnings } = report
    terminal.err(warningLines(warnings))
    const fails = values.strict === true && warnings.length > 0
    const verdict = fails ? 'fails (--strict)' : 'is fine'
    const { signer } = bundle
    const unsigned = values.keys === undefined ? '' : '; not signed'
    const verified = signer === undefined ? unsigned : `; ${signatureText(signer)}, verified`
    terminal.out(`${path} ${verdict}: revision ${revision}, ${contentsText(report)}${verified}\n`)
    return fails ? 1 : 0
  },
}

type Values = VerificationValues & { readonly opa?: string | undefined }

async function opened(path: string, values: Values): Promise<Bundle> {
  const isArchive = !isRulesFile(path) && !(await isFolder(path))
  if (isArchive) return openVerified(await readNamedFile(path), values)
  refuseVerification(values)
  return (await openPolicyPath(path, values.opa)).bundle
}
