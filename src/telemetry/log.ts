import { destination, pino } from 'pino'

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
  readonly destination?: { write(line: string): void }
}

export function createOperatorLog({
  level,
  destination = stderr(),
}: OperatorLogOptions): OperatorLog {
  return pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: secretPaths, censor: '[redacted]' },
    },
    destination,
  )
}

/** Written at once: lines are few above `debug`, and none may be lost when the process ends. */
function stderr() {
  const stream = destination({ fd: 2, sync: true })
  // A log that cannot be written must not end the gateway; the decision log has its own rules.
  stream.on('error', () => undefined)
  return stream
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
