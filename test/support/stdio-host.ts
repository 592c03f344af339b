import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { follow } from './lines.js'

/** A desktop host that launched the built gateway, as bare as can be: it writes lines and reads lines. */
export interface StdioHost {
  /** Everything that came on stdout, line by line. */
  readonly lines: readonly string[]
  /** Everything that came on stderr, line by line. */
  readonly said: readonly string[]
  /** Writes a message, or a text as it stands; a line end is added. */
  send(message: object | string): void
  /** Resolves with the first line of stderr, old or new, that satisfies the condition. */
  heard(condition: (line: string) => boolean): Promise<string>
  /** The answer to the request with this id, as it is spelled. */
  answer(id: string): Promise<string>
  signal(name: NodeJS.Signals): void
  /** Reads no more, or goes on. */
  pause(): void
  resume(): void
  /** Closes the gateway's stdin. */
  end(): void
  /** Its exit code. */
  readonly exited: Promise<number | null>
  /** The same, once everything that it wrote was read. */
  readonly ended: Promise<number | null>
}

export const main = new URL('../../dist/main.js', import.meta.url).pathname
export const scripted = new URL('stdio-scripted.mjs', import.meta.url).pathname

/** A server that does what its tools are told, in both eras. */
export const scriptedCommand = [process.execPath, scripted, 'legacy', 'modern'] as const

/** @param command what stands behind `--` */
export function launch(
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
  command: readonly string[] = scriptedCommand,
): StdioHost {
  const child = spawn(process.execPath, [main, 'stdio', ...args, '--', ...command], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const out = follow(child.stdout)
  const err = follow(child.stderr)
  child.stdin.on('error', () => undefined)
  return {
    lines: out.lines,
    said: err.lines,
    send: (message) => void child.stdin.write(lineOf(message)),
    heard: (condition) => err.seen(condition),
    answer: (id) => out.seen((line) => answers(line, id)),
    signal: (name) => void child.kill(name),
    pause: () => void child.stdout.pause(),
    resume: () => void child.stdout.resume(),
    end: () => void child.stdin.end(),
    exited: (once(child, 'exit') as Promise<[number | null]>).then(([code]) => code),
    ended: (once(child, 'close') as Promise<[number | null]>).then(([code]) => code),
  }
}

export function lineOf(message: object | string): string {
  return `${typeof message === 'string' ? message : JSON.stringify(message)}\n`
}

/** @param id as it is spelled */
export function answers(line: string, id: string): boolean {
  return !line.includes('"method":') && line.includes(`"id":${id},`)
}

/** The texts of a tool's result. */
export function resultOf(line: string): string {
  const { result } = JSON.parse(line) as { result: { content: { text: string }[] } }
  return result.content.map(({ text }) => text).join('')
}

/** A tool call of the legacy era. */
export function calls(id: number | string, name: string, args: object = {}, meta?: object): object {
  const _meta = meta === undefined ? {} : { _meta: meta }
  return { jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: args, ..._meta } }
}

export const initialize = {
  jsonrpc: '2.0',
  id: 'init',
  method: 'initialize',
  params: {
    protocolVersion: '2025-11-25',
    capabilities: { elicitation: {} },
    clientInfo: { name: 'bare-host', version: '1' },
  },
}

export const initialized = { jsonrpc: '2.0', method: 'notifications/initialized' }
