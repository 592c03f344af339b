import { parseCommandLine, CommandError } from './command.js'
import { isFolder, openArchive, replaceFile, reportOn, warningLines } from './bundle-file.js'
import { onEverySave, timeOfDay } from './every-save.js'
import { outcomeLines } from './outcome-text.js'
import { regoSourcesIn } from './policy-path.js'
import { buildSet, opaOption } from './policy-set.js'
import { testSet } from './set-tests.js'
import { signed, signingOptions, type SigningValues } from './signing.js'
import type { Command } from './command.js'

const options = {
  output: { type: 'string', short: 'o', value: 'FILE', help: 'Where the bundle is written' },
  opa: opaOption,
  ...signingOptions,
} as const

export const policyWatch: Command = {
  name: 'policy watch',
  summary: 'Test and build a policy set whenever it is saved',
  synopsis: 'SET -o FILE [--sign KEY [--key-id ID] [--scope SCOPE] [--alg ALG]] [--opa PATH]',
  options,
  details:
    'A gateway that runs with --policy-bundle FILE takes each bundle as it is written. What does not build or fails its\n' +
    'tests is told, and FILE stays as it was.',
  async run(args, { terminal, signals }) {
    const { values, positionals } = parseCommandLine(args, options, ['SET'])
    const [set = ''] = positionals
    const { output } = values
    if (output === undefined) throw new CommandError(2, 'Say with -o where to write the bundle')
    if (!(await isFolder(set))) throw new CommandError(1, `There is no policy set at ${set}`)
    const say = (text: string): void => terminal.out(`${timeOfDay()} ${text}`)
    await onEverySave({ path: set, ignored: output, signals }, async () => {
      try {
        say(await buildTested(set, output, values))
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error)
        say(`${output} stays as it was\n${why}\n`)
      }
    })
    return 0
  },
}

interface BuildValues extends SigningValues {
  readonly opa?: string | undefined
}

async function buildTested(set: string, output: string, values: BuildValues): Promise<string> {
  const built = await buildSet(set, values)
  const bundle = await openArchive(built)
  const { warnings } = await reportOn(bundle)
  const outcome = await testSet({ bundle, rego: await regoSourcesIn(set, values.opa) })
  const told = `${warningLines(warnings)}${outcomeLines(outcome)}`
  if (!outcome.passed) return `${output} stays as it was\n${told}`
  const archive = await signed(built, values)
  await replaceFile(output, archive)
  return `${output}: revision ${bundle.revision}, ${archive.length} bytes\n${told}`
}
