import { isIP } from 'node:net'
import { createPatterns } from '../policy/patterns.js'
import type { PolicyCase } from '../domain/policy-case.js'
import { toolArguments } from './arguments.js'
import { callOptions } from './call-options.js'
import { readNamedFile } from './bundle-file.js'
import { callTold } from './call-told.js'
import { decidingOf, refuses, runThroughGateway, type CaseRun } from './case-run.js'
import { CommandError, parseCommandLine } from './command.js'
import { compileLocally } from './local-policy.js'
import { openPolicyPath } from './policy-path.js'
import { opaOption } from './policy-set.js'
import { prettyJson } from './pretty-json.js'
import {
  argumentsTextIn,
  changeLines,
  explainRun,
  stepLines,
  type ExplainedStep,
} from './run-explanation.js'
import { casesOf } from './set-tests.js'
import { readUserContext } from './user-context.js'
import type { Command } from './command.js'

const options = {
  case: { type: 'string', value: 'NAME', help: 'Explain a case, or a test in rules, by its name' },
  ...callOptions,
  server: { type: 'string', value: 'NAME', help: 'The server whose tool it is' },
  response: {
    type: 'string',
    value: 'JSON|@FILE',
    help: 'What the tool returns: an MCP result, or a value that becomes one',
  },
  ip: { type: 'string', value: 'ADDRESS', help: 'Where the call comes from' },
  json: { type: 'boolean', help: 'Print all of it as JSON' },
  opa: opaOption,
} as const

export const policyExplain: Command = {
  name: 'policy explain',
  summary: 'Tell how a policy decides about one call, rule by rule',
  synopsis:
    'SET|FILE|RULES TOOL|--case NAME [--param NAME=VALUE]… [--user-context JSON|@FILE] [--server NAME] [--response JSON|@FILE] [--ip ADDRESS] [--json] [--opa PATH]',
  options,
  details:
    'Which file and layer decided, each rule that fits with the values that its condition was decided by, and what becomes of\n' +
    'arguments and result. Of Rego it tells what was decided; policy eval --explain tells by which line. The exit code is 0\n' +
    'whatever was decided.',
  async run(args, { terminal }) {
    const { values, positionals } = parseCommandLine(args, options, namesFor(args))
    const [path = '', tool] = positionals
    const { bundle, rego } = await openPolicyPath(path, values.opa)
    // What is wrong with the policy is told before what is wrong with the question.
    const policy = await compileLocally(bundle)
    const told =
      values.case === undefined
        ? await toldCall(tool ?? '', values)
        : namedCase(casesOf(bundle), values.case)
    const patterns = createPatterns()
    try {
      const run = await runThroughGateway(told, { policy, patterns, server: undefined })
      const steps = explainRun(run, policy)
      if (values.json === true) {
        terminal.out(`${reportOf(run, steps)}\n`)
        return 0
      }
      terminal.out(`${stepLines(steps)}${changeLines(run)}`)
      if (bundle.wasm !== undefined) terminal.err(`${adviceOnRego(path, rego !== undefined)}\n`)
      return 0
    } finally {
      await patterns.close()
    }
  },
}

/** A case says itself what is called. */
function namesFor(args: readonly string[]): readonly string[] {
  const namesCase = args.some((arg) => arg === '--case' || arg.startsWith('--case='))
  return namesCase ? ['SET, FILE or RULES'] : ['SET, FILE or RULES', 'TOOL']
}

interface ToldValues {
  readonly param?: readonly string[] | undefined
  readonly 'user-context'?: string | undefined
  readonly server?: string | undefined
  readonly response?: string | undefined
  readonly ip?: string | undefined
}

async function toldCall(name: string, values: ToldValues): Promise<PolicyCase> {
  const { ip = '127.0.0.1', server = 'default', response } = values
  if (isIP(ip) === 0) throw new CommandError(2, `--ip ${ip} is no IP address`)
  return callTold({
    name,
    args: toolArguments(values.param ?? []),
    user: readUserContext(values['user-context']),
    server,
    ip,
    result: response === undefined ? undefined : await jsonIn(response),
  })
}

/** JSON text. */
async function jsonIn(given: string): Promise<string> {
  const text = given.startsWith('@') ? (await readNamedFile(given.slice(1))).toString() : given
  try {
    JSON.parse(text)
    return text.trim()
  } catch {
    throw new CommandError(2, '--response has to be JSON, or @FILE with JSON in it')
  }
}

function namedCase(cases: readonly PolicyCase[], name: string): PolicyCase {
  const [found, another] = cases.filter((each) => each.name === name)
  if (found === undefined) {
    const names = cases.map((each) => each.name).join(', ') || 'there are none'
    throw new CommandError(1, `There is no case "${name}": ${names}`)
  }
  if (another === undefined) return found
  throw new CommandError(
    1,
    `"${name}" stands in ${found.place} and in ${another.place}: rename one`,
  )
}

/** JSON in which arguments and result are spelled as they are. */
function reportOf(run: CaseRun, steps: readonly ExplainedStep[]): string {
  const deciding = decidingOf(run)
  const head = JSON.stringify({
    effect: deciding?.effect ?? 'allow',
    refused: run.decisions.some(({ decision }) => refuses(decision)),
    reason: deciding?.reason ?? '',
    steps: steps.map(({ hook, again, decision, files }) => ({
      ...{ hook, again, effect: decision.effect, reason: decision.reason, rules: decision.rules },
      ...{ warnings: decision.warnings, trial: decision.trial, files },
    })),
  })
  const { sent, released } = run
  const texts = [
    ...(sent === undefined ? [] : [`"sent":${argumentsTextIn(sent)}`]),
    ...(released === undefined ? [] : [`"result":${released.text}`]),
  ]
  return prettyJson(`${[head.slice(0, -1), ...texts].join(',')}}`)
}

function adviceOnRego(path: string, hasSources: boolean): string {
  const set = hasSources ? path : 'SET'
  return `Which lines of Rego decided is told by "portcullis policy eval --bundle ${set} --input FILE --explain"`
}
