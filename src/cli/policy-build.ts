import { claimedSignature } from '../bundles/claimed-signature.js'
import {
  maxBytes,
  openArchive,
  replaceFile,
  reportLines,
  reportOn,
  signatureLine,
  warningLines,
} from './bundle-file.js'
import { CommandError, parseCommandLine } from './command.js'
import { buildSet, opaOption } from './policy-set.js'
import { signed, signingOptions } from './signing.js'
import type { Command } from './command.js'

const options = {
  output: { type: 'string', short: 'o', value: 'FILE', help: 'Where the bundle is written' },
  opa: opaOption,
  revision: {
    type: 'string',
    value: 'REVISION',
    help: "The bundle's revision; by default the set's own, or a digest of its sources",
  },
  ...signingOptions,
} as const

export const policyBuild: Command = {
  name: 'policy build',
  summary: 'Build a policy set (a folder with rules, Rego or both) to a bundle',
  synopsis:
    'SET -o FILE [--sign KEY [--key-id ID] [--scope SCOPE] [--alg ALG]] [--opa PATH] [--revision REVISION]',
  options,
  details:
    'The same sources give the same bytes, but for a signature, which says when it was made. Rego needs the opa binary;\n' +
    'rules do not. A folder that has data and neither of them becomes a bundle of data alone.',
  async run(args, { terminal }) {
    const { values, positionals } = parseCommandLine(args, options, ['SET'])
    const [set = ''] = positionals
    if (values.output === undefined)
      throw new CommandError(2, 'Say with -o where to write the bundle')
    const archive = await signed(await buildSet(set, values), values)
    const report = await reportOn(await openArchive(archive))
    await replaceFile(values.output, archive)
    const signature = signatureLine(await claimedSignature(archive, maxBytes))
    terminal.out(`${'written'.padEnd(12)} ${values.output}\n${reportLines(report)}${signature}`)
    terminal.err(warningLines(report.warnings))
    return 0
  },
}
