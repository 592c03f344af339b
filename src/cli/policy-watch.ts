import { watch } from 'node:fs'
import { resolve, sep } from 'node:path'
import { parseCommandLine, CommandError } from './command.js'
import { isFolder, openArchive, replaceFile, reportOn, warningLines } from './bundle-file.js'
import { buildSet, opaOption } from './policy-set.js'
import { outcomeLines, testSet } from './set-tests.js'
import { signed, signingOptions, type SigningValues } from './signing.js'
import type { Command, Signals } from './command.js'

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
    const say = (text: string): void =>
      terminal.out(`${new Date().toTimeString().slice(0, 8)} ${text}`)
    await onEverySave({ set, ignored: output, signals }, async () => {
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
  const outcome = await testSet({ bundle, sources: { set, opa: values.opa ?? 'opa' } })
  const told = `${warningLines(warnings)}${outcomeLines(outcome)}`
  if (!outcome.passed) return `${output} stays as it was\n${told}`
  const archive = await signed(built, values)
  await replaceFile(output, archive)
  return `${output}: revision ${bundle.revision}, ${archive.length} bytes\n${told}`
}

/** Runs the work now and after every save, one at a time, until a signal asks to stop. */
async function onEverySave(
  watched: { readonly set: string; readonly ignored: string; readonly signals: Signals },
  work: () => Promise<void>,
): Promise<void> {
  const { set, signals } = watched
  const output = resolve(watched.ignored)
  let saved: () => void = () => undefined
  const asked = { toStop: false }
  const stop = (): void => {
    asked.toStop = true
    saved()
  }
  const watcher = watch(set, { recursive: true }, (_event, name) => {
    // An editor's own files and the bundle itself are no part of the set.
    const path = resolve(set, name ?? '')
    const isOwn = path === output || path.startsWith(`${output}.`)
    if (!isOwn && !(path.split(sep).at(-1) ?? '').startsWith('.#')) saved()
  })
  signals.on('SIGINT', stop)
  signals.on('SIGTERM', stop)
  try {
    while (!asked.toStop) {
      const change = new Promise<void>((wake) => (saved = wake))
      await work()
      await change
      await settled()
    }
  } finally {
    watcher.close()
    signals.off('SIGINT', stop)
    signals.off('SIGTERM', stop)
  }
}

/** Editors save in several steps. */
function settled(): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, 100))
}
