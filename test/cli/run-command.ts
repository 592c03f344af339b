import { EventEmitter } from 'node:events'
import { PassThrough, Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { runCli } from '../../src/cli/cli.js'
import type { ExitCode } from '../../src/cli/command.js'

export const starterBundle = fileURLToPath(new URL('../../bundles/starter.tar.gz', import.meta.url))

export interface Ran {
  readonly exitCode: ExitCode
  readonly out: string
  readonly err: string
}

export async function run(
  argv: readonly string[],
  { env = {}, input = '' }: { env?: Readonly<Record<string, string>>; input?: string } = {},
): Promise<Ran> {
  const told = { out: '', err: '' }
  const exitCode = await runCli(argv, {
    terminal: {
      out: (text) => void (told.out += text),
      err: (text) => void (told.err += text),
    },
    env,
    signals: new EventEmitter(),
    readInput: () => Promise.resolve(Buffer.from(input)),
    openStdio: () => ({ input: Readable.from([]), output: new PassThrough() }),
  })
  return { exitCode, ...told }
}

export interface Serving {
  /** The first line that `serve` printed. */
  readonly greeting: string
  readonly url: string
  readonly ended: Promise<ExitCode>
  signal(name: 'SIGHUP' | 'SIGINT' | 'SIGTERM'): void
}

/** Serves the demo on free ports; resolves once it is up. */
export async function serveDemo(env: Readonly<Record<string, string>> = {}): Promise<Serving> {
  const signals = new EventEmitter()
  const errors = new EventEmitter()
  const ended = runCli(['serve', '--demo', '--port', '0', '--ops-port', '0'], {
    terminal: { out: () => undefined, err: (text) => void errors.emit('line', text) },
    env: { DECISION_LOG: 'off', LOG_LEVEL: 'silent', ...env },
    signals,
    readInput: () => Promise.resolve(Buffer.alloc(0)),
    openStdio: () => ({ input: Readable.from([]), output: new PassThrough() }),
  })
  const greeting = await new Promise<string>((resolve) => errors.once('line', resolve))
  const url = /MCP on (\S+)/.exec(greeting)?.[1] ?? ''
  return { greeting, url, ended, signal: (name) => void signals.emit(name) }
}

export interface Watching {
  /** What was told up to the text that is waited for. */
  line(wanted: RegExp): Promise<string>
  stop(): Promise<ExitCode>
}

/** Runs a command that goes on until it is interrupted. */
export function startWatching(argv: readonly string[]): Watching {
  const signals = new EventEmitter()
  const told = new EventEmitter()
  let unread = ''
  const tell = (text: string): void => {
    unread += text
    told.emit('text')
  }
  const ended = runCli(argv, {
    terminal: { out: tell, err: tell },
    env: {},
    signals,
    readInput: () => Promise.resolve(Buffer.alloc(0)),
    openStdio: () => ({ input: Readable.from([]), output: new PassThrough() }),
  })
  return {
    line: async (wanted) => {
      for (;;) {
        const found = wanted.exec(unread)
        if (found !== null) {
          const text = unread.slice(0, found.index + found[0].length)
          unread = unread.slice(text.length)
          return text
        }
        await new Promise((resolve) => told.once('text', resolve))
      }
    },
    stop: () => {
      signals.emit('SIGINT')
      return ended
    },
  }
}
