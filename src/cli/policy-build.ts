import { randomUUID } from 'node:crypto'
import { rename, rm, writeFile } from 'node:fs/promises'
import { openArchive, reportLines, reportOn, warningLines } from './bundle-file.js'
import { CommandError, parseCommandLine } from './command.js'
import { buildSet, opaOption } from './policy-set.js'
import type { Command } from './command.js'

const options = {
  output: { type: 'string', short: 'o', value: 'FILE', help: 'Where the bundle is written' },
  opa: opaOption,
  revision: {
    type: 'string',
    value: 'REVISION',
    help: "The bundle's revision; by default the set's own, or a digest of its sources",
  },
  sign: { type: 'string', value: 'KEY', help: 'Not in this build: signing' },
} as const

export const policyBuild: Command = {
  name: 'policy build',
  summary: 'Build a policy set (a folder with Rego) to a bundle',
  synopsis: 'SET -o FILE [--opa PATH] [--revision REVISION]',
  options,
  details: 'The same sources give the same bytes. It needs the opa binary.',
  async run(args, { terminal }) {
    const { values, positionals } = parseCommandLine(args, options, ['SET'])
    const [set = ''] = positionals
    if (values.sign !== undefined) {
      throw new CommandError(
        2,
        'This build cannot sign yet; build without --sign, and pin the digest',
      )
    }
    if (values.output === undefined)
      throw new CommandError(2, 'Say with -o where to write the bundle')
    const archive = await buildSet(set, values)
    const report = await reportOn(await openArchive(archive))
    await replaceFile(values.output, archive)
    terminal.out(`${'written'.padEnd(12)} ${values.output}\n${reportLines(report)}`)
    terminal.err(warningLines(report.warnings))
    return 0
  },
}

/** Whoever watches the file never sees half of it. */
async function replaceFile(path: string, content: Buffer): Promise<void> {
  const temporary = `${path}.${randomUUID()}`
  try {
    await writeFile(temporary, content)
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    const reason = error instanceof Error ? error.message : String(error)
    throw new CommandError(1, `${path} cannot be written: ${reason}`)
  }
}
