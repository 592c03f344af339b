import { claimedSignature } from '../bundles/claimed-signature.js'
import {
  isFolder,
  maxBytes,
  openArchive,
  readNamedFile,
  reportLines,
  reportOn,
  signatureText,
  warningLines,
} from './bundle-file.js'
import { CommandError, parseCommandLine } from './command.js'
import { isRulesFile, openPolicyPath } from './policy-path.js'
import { opaOption } from './policy-set.js'
import type { ClaimedSignature } from '../bundles/claimed-signature.js'
import type { Bundle } from '../domain/bundle.js'
import type { Command } from './command.js'

const options = {
  format: { type: 'string', value: 'FORMAT', help: 'text (the default) or json' },
  opa: opaOption,
} as const

export const policyInspect: Command = {
  name: 'policy inspect',
  summary: 'Show what is in a bundle, a policy set, or rules',
  synopsis: 'FILE|SET|RULES [--format json] [--opa PATH]',
  options,
  details:
    'Revision, digest, signature, entrypoints, rules, schemas, roots, builtins of the host, cases and sizes. Nothing is\n' +
    'verified: policy check --keys does that. A set is built in memory first, which needs opa where it has Rego.',
  async run(args, { terminal }) {
    const { values, positionals } = parseCommandLine(args, options, ['FILE, SET or RULES'])
    const [path = ''] = positionals
    const { format = 'text' } = values
    if (format !== 'text' && format !== 'json') {
      throw new CommandError(2, `There is no format ${format}; give text or json`)
    }
    const { bundle, signature } = await opened(path, values.opa)
    const report = await reportOn(bundle)
    const signer = signature === undefined ? 'none' : `${signatureText(signature)}, not verified`
    if (format === 'json') {
      terminal.out(`${JSON.stringify({ ...report, signature: signature ?? null }, undefined, 2)}\n`)
    } else {
      terminal.out(`${reportLines(report)}${'signature'.padEnd(12)} ${signer}\n`)
    }
    terminal.err(format === 'json' ? '' : warningLines(report.warnings))
    return 0
  },
}

interface Opened {
  readonly bundle: Bundle
  readonly signature: ClaimedSignature | undefined
}

async function opened(path: string, opa: string | undefined): Promise<Opened> {
  if (isRulesFile(path) || (await isFolder(path))) {
    return { bundle: (await openPolicyPath(path, opa)).bundle, signature: undefined }
  }
  const archive = await readNamedFile(path)
  const signature = await claimedSignature(archive, maxBytes)
  return { bundle: await openArchive(archive), signature }
}
