import { claimedSignature } from '../bundles/claimed-signature.js'
import {
  maxBytes,
  openArchive,
  readNamedFile,
  reportLines,
  reportOn,
  signatureText,
  warningLines,
} from './bundle-file.js'
import { CommandError, parseCommandLine } from './command.js'
import type { Command } from './command.js'

const options = {
  format: { type: 'string', value: 'FORMAT', help: 'text (the default) or json' },
} as const

export const policyInspect: Command = {
  name: 'policy inspect',
  summary: 'Show what is in a bundle',
  synopsis: 'FILE [--format json]',
  options,
  details:
    'Revision, digest, signature, entrypoints, roots, builtins of the host, cases and sizes. Nothing is verified: policy check\n--keys does that.',
  async run(args, { terminal }) {
    const { values, positionals } = parseCommandLine(args, options, ['FILE'])
    const [path = ''] = positionals
    const { format = 'text' } = values
    if (format !== 'text' && format !== 'json') {
      throw new CommandError(2, `There is no format ${format}; give text or json`)
    }
    const archive = await readNamedFile(path)
    const signature = await claimedSignature(archive, maxBytes)
    const report = await reportOn(await openArchive(archive))
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
