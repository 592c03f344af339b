import { pino } from 'pino'
import { createLineOutput, type LineOutput } from './stderr.js'

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent'

/** The operator log: one JSON object a line. An error stands under `err`. */
export interface OperatorLog {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
  /** False where making the fields would be for nothing. */
  isLevelEnabled(level: LogLevel): boolean
}

export interface OperatorLogOptions {
  readonly level: LogLevel
  /** Where lines go instead of stderr. */
  readonly destination?: LineOutput
}

export function createOperatorLog({
  level,
  destination = createLineOutput(2, droppedNotice),
}: OperatorLogOptions): OperatorLog {
  return pino(
    {
      level,
      base: null,
      timestamp,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: secretPaths, censor: '[redacted]' },
    },
    destination,
  )
}

function droppedNotice(lines: number): string {
  return `{"level":"warn"${timestamp()},"lines":${lines},"msg":"log_lines_dropped"}\n`
}

function timestamp(): string {
  return `,"time":"${new Date().toISOString()}"`
}

/**
 * Where a secret could reach the log: by its own name, or in the headers of a request that an error carries.
 * No wildcards: they would copy every field of every line.
 */
const secretPaths = [
  'token',
  'secret',
  'password',
  'authorization',
  'cookie',
  'headers',
  'err.headers',
  'err.token',
  'err.request',
  'err.response',
  'err.options',
  'err.config',
]
