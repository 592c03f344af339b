import type { Readable, Writable } from 'node:stream'
import { parseArgs } from 'node:util'
import { suggestion } from '../domain/nearest.js'
import type { Environment } from '../config/environment.js'

/** One thing that the command line can do. */
export interface Command {
  /** One or two words: `serve`, `policy build`. */
  readonly name: string
  readonly summary: string
  /** The arguments behind the name, as `--help` shows them. */
  readonly synopsis: string
  readonly options: Options
  /** What `--help` says below the options. */
  readonly details: string
  run(args: readonly string[], surroundings: Surroundings): Promise<ExitCode>
}

export type Options = Readonly<Record<string, Option>>

export interface Option {
  readonly type: 'string' | 'boolean'
  readonly short?: string
  readonly multiple?: boolean
  /** What stands behind the flag in `--help`, such as `FILE`. */
  readonly value?: string
  readonly help: string
}

/** 0 fine, 1 a check failed, 2 usage, 78 bad configuration (`EX_CONFIG` of sysexits). */
export type ExitCode = 0 | 1 | 2 | 78

/** What a command has of the process around it. */
export interface Surroundings {
  readonly terminal: Terminal
  readonly env: Environment
  readonly signals: Signals
  /** Everything that stands on the standard input. */
  readonly readInput: () => Promise<Buffer>
  /** The streams themselves, for a command that speaks a protocol on them. */
  readonly openStdio: () => { readonly input: Readable; readonly output: Writable }
}

export interface Terminal {
  out(text: string): void
  err(text: string): void
}

export interface Signals {
  on(signal: 'SIGHUP' | 'SIGINT' | 'SIGTERM', listener: () => void): unknown
  off(signal: 'SIGHUP' | 'SIGINT' | 'SIGTERM', listener: () => void): unknown
}

/** Ends a command: 2 where it was called wrongly, 1 where it could not do its work. `message` says what to do. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
  readonly exitCode: 1 | 2

  constructor(exitCode: 1 | 2, message: string) {
    super(message)
    this.exitCode = exitCode
  }
}

/**
 * Reads flags and exactly the positional arguments that are named.
 * @throws CommandError 2
 */
export function parseCommandLine<const O extends Options>(
  args: readonly string[],
  options: O,
  names: readonly string[],
) {
  const { values, positionals } = parsed(args, options)
  const [surplus] = positionals.slice(names.length)
  if (surplus !== undefined) throw new CommandError(2, `There is nothing to do with "${surplus}"`)
  const missing = names.slice(positionals.length)
  if (missing.length > 0) throw new CommandError(2, `${missing.join(' and ')} is missing`)
  return { values, positionals }
}

function parsed<const O extends Options>(args: readonly string[], options: O) {
  try {
    return parseArgs<{ args: string[]; options: O; allowPositionals: true }>({
      args: [...args],
      options,
      allowPositionals: true,
    })
  } catch (error) {
    const message = error instanceof Error ? error.message : ''
    const unknown = /^Unknown option '--?([^']+)'/.exec(message)?.[1]
    if (unknown === undefined) throw new CommandError(2, message.replace(/\.\s.*$/s, ''))
    const known = Object.keys(options)
    const hint = suggestion(unknown, known).replace('mean ', 'mean --')
    throw new CommandError(2, `There is no flag --${unknown}${hint}`)
  }
}
