import { isFolder, openArchive, readBundleFile, reportOn, warningLines } from './bundle-file.js'
import { parseCommandLine } from './command.js'
import { buildSet, opaOption } from './policy-set.js'
import type { Command } from './command.js'

const options = {
  strict: { type: 'boolean', help: 'Take warnings for failures' },
  opa: opaOption,
} as const

export const policyCheck: Command = {
  name: 'policy check',
  summary: 'Check a bundle, or a policy set, as loading it would',
  synopsis: 'FILE|SET [--strict] [--opa PATH]',
  options,
  details: 'A set is built in memory first, which needs the opa binary. Exit code 1 when it fails.',
  async run(args, { terminal }) {
    const { values, positionals } = parseCommandLine(args, options, ['FILE or SET'])
    const [path = ''] = positionals
    const bundle = (await isFolder(path))
      ? await openArchive(await buildSet(path, values))
      : await readBundleFile(path)
    const { revision, entrypoints, warnings } = await reportOn(bundle)
    terminal.err(warningLines(warnings))
    const fails = values.strict === true && warnings.length > 0
    const verdict = fails ? 'fails (--strict)' : 'is fine'
    terminal.out(`${path} ${verdict}: revision ${revision}, ${entrypoints.join(', ')}\n`)
    return fails ? 1 : 0
  },
}
