import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

/** The built gateway as an operator runs it. */
export interface GatewayProcess {
  readonly mcpUrl: string
  readonly opsUrl: string
  readonly pid: number
  /** Lines of the operator log (stderr). */
  readonly operatorLog: readonly LogRecord[]
  /** Lines of the decision log (stdout). */
  readonly decisionLog: readonly LogRecord[]
  signal(name: NodeJS.Signals): void
  /** Resolves with the first line, old or new, that satisfies the condition. */
  seen(
    log: 'operatorLog' | 'decisionLog',
    condition: (line: LogRecord) => boolean,
  ): Promise<LogRecord>
  /** Ends it with SIGTERM and gives its exit code. */
  stop(): Promise<number | null>
}

export type LogRecord = Record<string, unknown>

const main = new URL('../../dist/main.js', import.meta.url).pathname

/** @throws Error with what it wrote on stderr, where it ends before it serves */
export async function spawnGateway(
  args: readonly string[],
  env: Record<string, string>,
): Promise<GatewayProcess> {
  const child = spawn(process.execPath, [main, 'serve', ...args], {
    env: { PATH: process.env['PATH'], PORT: '0', OPS_PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const logs = { operatorLog: [] as LogRecord[], decisionLog: [] as LogRecord[] }
  const plain: string[] = []
  const waiting = new Set<() => void>()
  const follow = (stream: NodeJS.ReadableStream, into: LogRecord[]): void => {
    createInterface({ input: stream }).on('line', (line) => {
      if (line.startsWith('{')) into.push(JSON.parse(line) as LogRecord)
      else plain.push(line)
      for (const look of waiting) look()
    })
  }
  follow(child.stderr, logs.operatorLog)
  follow(child.stdout, logs.decisionLog)
  const ended = once(child, 'exit') as Promise<[number | null]>

  const seen: GatewayProcess['seen'] = (log, condition) =>
    new Promise((resolve) => {
      const look = (): void => {
        const line = logs[log].find(condition)
        if (line === undefined) return
        waiting.delete(look)
        resolve(line)
      }
      waiting.add(look)
      look()
    })

  const started = await Promise.race([
    seen('operatorLog', ({ msg }) => msg === 'gateway_started'),
    ended.then(([code]) => {
      throw new Error(`It ended with ${String(code)}: ${plain.join('\n')}`)
    }),
  ])
  return {
    ...logs,
    mcpUrl: String(started['url']),
    opsUrl: String(started['opsUrl']),
    pid: child.pid ?? 0,
    signal: (name) => void child.kill(name),
    seen,
    stop: async () => {
      child.kill('SIGTERM')
      return (await ended)[0]
    },
  }
}
