import { nearest } from '../domain/nearest.js'
import { packageVersion } from '../config/version.js'
import { call } from './call.js'
import { check } from './check.js'
import { CommandError } from './command.js'
import { commandHelp, overview } from './help.js'
import { keysGenerate } from './keys-generate.js'
import { policyBuild } from './policy-build.js'
import { policyCheck } from './policy-check.js'
import { policyEval } from './policy-eval.js'
import { policyExplain } from './policy-explain.js'
import { policyInspect } from './policy-inspect.js'
import { policyNew } from './policy-new.js'
import { policyTest } from './policy-test.js'
import { policyWatch } from './policy-watch.js'
import { serve } from './serve.js'
import { stdio } from './stdio.js'
import type { Command, ExitCode, Surroundings, Terminal } from './command.js'

export const commands: readonly Command[] = [
  serve,
  stdio,
  check,
  policyNew,
  policyTest,
  policyWatch,
  policyBuild,
  policyCheck,
  policyInspect,
  policyEval,
  policyExplain,
  keysGenerate,
  call,
]

export async function runCli(
  argv: readonly string[],
  surroundings: Surroundings,
): Promise<ExitCode> {
  const { terminal } = surroundings
  const command = commands.find(({ name }) => isCalled(name, argv))
  if (command === undefined) return withoutCommand(argv, terminal)
  const args = argv.slice(command.name.split(' ').length)
  if (asksForHelp(args)) {
    terminal.out(commandHelp(command))
    return 0
  }
  try {
    return await command.run(args, surroundings)
  } catch (error) {
    return explain(error, command, terminal)
  }
}

function isCalled(name: string, argv: readonly string[]): boolean {
  return name.split(' ').every((word, index) => argv[index] === word)
}

function withoutCommand(argv: readonly string[], terminal: Terminal): ExitCode {
  const [first = ''] = argv
  const family = commands.filter(({ name }) => name.startsWith(`${first} `))
  if (first === '--version') {
    terminal.out(`${packageVersion()}\n`)
    return 0
  }
  if (['--help', '-h'].includes(first) || (family.length > 0 && asksForHelp(argv))) {
    terminal.out(overview(family.length > 0 ? family : commands))
    return 0
  }
  if (first === '') terminal.err(overview(commands))
  else terminal.err(`portcullis: ${unknownCommand(argv, family)}\n`)
  return 2
}

function asksForHelp(args: readonly string[]): boolean {
  const end = args.indexOf('--')
  const own = end === -1 ? args : args.slice(0, end)
  return own.includes('--help') || own.includes('-h')
}

function unknownCommand(argv: readonly string[], family: readonly Command[]): string {
  const [first = '', second] = argv
  const names = commands.map(({ name }) => name)
  if (first.startsWith('-')) return `a command has to come before ${first}; see portcullis --help`
  if (family.length > 0 && second === undefined) {
    return `"${first}" needs one more word: ${family.map(({ name }) => `"${name}"`).join(', ')}`
  }
  const words = family.length > 0 ? `${first} ${second ?? ''}` : first
  const firstWords = names.flatMap((name) => name.split(' ').slice(0, 1))
  const meant = nearest(words, [...names, ...firstWords])
  const hint = meant === undefined ? '' : `did you mean "portcullis ${meant}"? `
  return `there is no command "${words}"; ${hint}see portcullis --help`
}

function explain(error: unknown, { name }: Command, terminal: Terminal): ExitCode {
  const message = error instanceof Error ? error.message : String(error)
  const exitCode = error instanceof CommandError ? error.exitCode : 1
  const hint = exitCode === 2 ? `\nSee portcullis ${name} --help` : ''
  terminal.err(`portcullis ${name}: ${message}${hint}\n`)
  return exitCode
}
