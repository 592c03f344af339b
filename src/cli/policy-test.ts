import { isFolder, openArchive, readBundleFile, replaceFile } from './bundle-file.js'
import { CommandError, parseCommandLine } from './command.js'
import { buildSet, opaOption } from './policy-set.js'
import { junitOf, outcomeLines, testSet, type SetOutcome } from './set-tests.js'
import type { Command } from './command.js'

const options = {
  opa: opaOption,
  threshold: {
    type: 'string',
    value: 'PERCENT',
    help: 'Fail when Rego tests run less than this share of the lines',
  },
  junit: { type: 'string', value: 'FILE', help: 'Write the outcome as JUnit XML as well' },
} as const

export const policyTest: Command = {
  name: 'policy test',
  summary: 'Run the Rego tests and the cases of a policy set',
  synopsis: 'SET|FILE [--opa PATH] [--threshold PERCENT] [--junit FILE]',
  options,
  details:
    'Of a bundle its cases are run, which needs no opa. Exit code 1 when something fails, or when there is nothing to run.',
  async run(args, { terminal }) {
    const { values, positionals } = parseCommandLine(args, options, ['SET or FILE'])
    const [path = ''] = positionals
    const threshold = thresholdOf(values.threshold)
    const outcome = (await isFolder(path))
      ? await testFolder(path, values.opa)
      : await testSet({ bundle: await readBundleFile(path) })
    terminal.out(outcomeLines(outcome))
    if (values.junit !== undefined) await replaceFile(values.junit, Buffer.from(junitOf(outcome)))
    const fault = outcome.passed ? shortfall(outcome, threshold) : undefined
    if (fault !== undefined) terminal.err(`${fault}\n`)
    return outcome.passed && fault === undefined ? 0 : 1
  },
}

async function testFolder(set: string, opa = 'opa'): Promise<SetOutcome> {
  const bundle = await openArchive(await buildSet(set, { opa }))
  return testSet({ bundle, sources: { set, opa } })
}

function thresholdOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const threshold = Number(text)
  if (threshold >= 0 && threshold <= 100) return threshold
  throw new CommandError(2, `--threshold is ${text}: give a number from 0 to 100`)
}

/** Why an outcome without failures is none to be content with. */
function shortfall({ rego, cases }: SetOutcome, threshold: number | undefined): string | undefined {
  const tests = (rego?.passed ?? 0) + cases.length
  if (tests === 0) return 'There is nothing to run: write Rego tests (*_test.rego) or cases/*.yaml'
  if (threshold === undefined) return undefined
  const coverage = rego?.coverage ?? 0
  return coverage < threshold ? `Coverage is ${coverage} %, below ${threshold} %` : undefined
}
