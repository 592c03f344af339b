import { readBundleFile, reportLines, reportOn, warningLines } from './bundle-file.js'
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
  details: 'Revision, digest, entrypoints, roots, builtins of the host, and sizes.',
  async run(args, { terminal }) {
    const { values, positionals } = parseCommandLine(args, options, ['FILE'])
    const [path = ''] = positionals
    const { format = 'text' } = values
    if (format !== 'text' && format !== 'json') {
      throw new CommandError(2, `There is no format ${format}; give text or json`)
    }
    const report = await reportOn(await readBundleFile(path))
    if (format === 'json') terminal.out(`${JSON.stringify(report, undefined, 2)}\n`)
    else terminal.out(reportLines(report))
    terminal.err(format === 'json' ? '' : warningLines(report.warnings))
    return 0
  },
}
