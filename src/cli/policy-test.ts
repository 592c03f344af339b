import { replaceFile } from './bundle-file.js'
import { CommandError, parseCommandLine } from './command.js'
import { onEverySave, timeOfDay } from './every-save.js'
import { connectLiveServer, type LiveServer } from './live-server.js'
import { mcpEndpoint, requestHeaders } from './mcp-client.js'
import { junitOf } from './outcome-junit.js'
import { outcomeLines } from './outcome-text.js'
import { openPolicyPath } from './policy-path.js'
import { opaOption } from './policy-set.js'
import { testSet, type SetOutcome } from './set-tests.js'
import type { Command, Terminal } from './command.js'

const options = {
  url: {
    type: 'string',
    value: 'URL',
    help: 'An MCP server that answers the calls of cases without a response of their own',
  },
  header: {
    type: 'string',
    multiple: true,
    value: "'NAME: VALUE'",
    help: 'One more header of requests to that server',
  },
  coverage: {
    type: 'string',
    value: 'PERCENT',
    help: 'Fail when cases make less than this share of the rules hold',
  },
  threshold: {
    type: 'string',
    value: 'PERCENT',
    help: 'Fail when Rego tests run less than this share of the lines',
  },
  strict: { type: 'boolean', help: 'Take skipped cases for failures' },
  junit: { type: 'string', value: 'FILE', help: 'Write the outcome as JUnit XML as well' },
  watch: { type: 'boolean', help: 'Run again whenever something is saved, until interrupted' },
  opa: opaOption,
} as const

export const policyTest: Command = {
  name: 'policy test',
  summary: 'Run the cases, the tests in rules and the Rego tests of a policy',
  synopsis:
    "SET|FILE|RULES [--url URL [--header 'NAME: VALUE']…] [--coverage PERCENT] [--threshold PERCENT] [--strict] [--junit FILE] [--watch] [--opa PATH]",
  options,
  details:
    'A policy set, a bundle, a rules file, or a folder of rules; only Rego needs opa. Exit code 1 when something fails, or\n' +
    'when there is nothing to run.',
  async run(args, { terminal, signals }) {
    const { values, positionals } = parseCommandLine(args, options, ['SET, FILE or RULES'])
    const [path = ''] = positionals
    const terms: Terms = {
      rego: percentOf('threshold', values.threshold),
      rules: percentOf('coverage', values.coverage),
      isStrict: values.strict === true,
    }
    const headers = requestHeaders(values.header ?? [])
    const server =
      values.url === undefined
        ? undefined
        : await connectLiveServer(mcpEndpoint(values.url), headers)
    const { opa, junit } = values
    try {
      if (values.watch !== true)
        return await testOnce({ path, opa, junit, server }, terms, terminal)
      await onEverySave({ path, ignored: junit, signals }, async () => {
        terminal.out(`${timeOfDay()} ${path}\n`)
        await testOnce({ path, opa, junit, server }, terms, terminal).catch((thrown: unknown) => {
          terminal.err(`${thrown instanceof Error ? thrown.message : String(thrown)}\n`)
        })
      })
      return 0
    } finally {
      await server?.close()
    }
  },
}

/** What an outcome without failures has to show as well. */
interface Terms {
  /** Percent. */
  readonly rego: number | undefined
  readonly rules: number | undefined
  readonly isStrict: boolean
}

interface Tested {
  readonly path: string
  readonly opa: string | undefined
  readonly junit: string | undefined
  readonly server: LiveServer | undefined
}

async function testOnce(
  { path, opa, junit, server }: Tested,
  terms: Terms,
  terminal: Terminal,
): Promise<0 | 1> {
  const outcome = await testSet({ ...(await openPolicyPath(path, opa)), server })
  terminal.out(outcomeLines(outcome))
  if (junit !== undefined) await replaceFile(junit, Buffer.from(junitOf(outcome)))
  const faults = outcome.passed ? shortfalls(outcome, terms) : []
  for (const fault of faults) terminal.err(`${fault}\n`)
  return outcome.passed && faults.length === 0 ? 0 : 1
}

function percentOf(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const percent = Number(text)
  if (text.trim() !== '' && percent >= 0 && percent <= 100) return percent
  throw new CommandError(2, `--${flag} is ${text}: give a number from 0 to 100`)
}

/** Why an outcome without failures is none to be content with. */
function shortfalls({ rego, cases, coverage }: SetOutcome, terms: Terms): readonly string[] {
  if ((rego?.passed ?? 0) + cases.length === 0) {
    return [
      'There is nothing to run: write cases/*.yaml, "tests" in rules, or Rego tests (*_test.rego)',
    ]
  }
  const skipped = cases.filter(({ verdict }) => verdict === 'skipped').length
  return [
    ...(terms.isStrict && skipped > 0 ? [`${skipped} cases were skipped (--strict)`] : []),
    ...below('Coverage of Rego', rego?.coverage, terms.rego),
    ...below('Coverage of rules', coverage?.percent, terms.rules),
  ]
}

function below(
  what: string,
  coverage: number | undefined,
  least: number | undefined,
): readonly string[] {
  if (least === undefined || (coverage ?? 0) >= least) return []
  return [`${what} is ${coverage ?? 0} %, below ${least} %`]
}
