import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { vi } from 'vitest'
import { readUserContext } from '../../src/cli/user-context.js'
import { loadStdioConfig } from '../../src/config/load.js'
import { startStdio, type StdioEnd } from '../../src/gateway.js'
import { bundleOf } from '../support/governed.js'
import { follow, type Lines } from '../support/lines.js'
import { answers, initialize, initialized, lineOf, scriptedCommand } from '../support/stdio-host.js'

/** A gateway in this process between a bare host and a server that does what its tools are told. */
export interface Scene extends Lines {
  send(message: object | string): void
  /** The answer to the request with this id, as it is spelled. */
  answer(id: string): Promise<string>
  /** The first line of the decision log that satisfies the condition. */
  record(condition: (line: LogLine) => boolean): Promise<LogLine>
  /** What the gateway wrote and nobody read yet waits here. */
  readonly output: PassThrough
  /** Closes the gateway's stdin. */
  end(): void
  stop(): void
  /** As SIGHUP does. */
  reload(): Promise<void>
  readonly ended: Promise<StdioEnd>
  close(): Promise<void>
}

export type LogLine = Readonly<Record<string, unknown>>

export interface Given {
  readonly env?: Readonly<Record<string, string>>
  readonly user?: string
  readonly name?: string
  /** Reads nothing of what the gateway writes until `output` is read. */
  readonly deaf?: boolean
}

export async function openScene({ env = {}, user, name = 'default', deaf = false }: Given = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-stdio-'))
  const log = join(folder, 'decisions.jsonl')
  const settings = {
    PATH: process.env['PATH'],
    POLICY_MODE: 'enforce',
    POLICY_BUNDLE_PATH: bundleOf('desktop'),
    DECISION_LOG: log,
    LOG_LEVEL: 'silent',
    ...env,
  }
  const loaded = loadStdioConfig(
    { flags: {}, env: settings, readFile: () => '' },
    { name, command: scriptedCommand },
  )
  if (!loaded.ok) throw new Error(loaded.faults.join('\n'))
  const input = new PassThrough()
  const output = new PassThrough()
  const principal = readUserContext(user)
  const gateway = await startStdio(loaded.config, { principal, input, output })
  const heard = deaf
    ? { lines: [], seen: () => new Promise<string>(() => undefined) }
    : follow(output)
  const scene: Scene = {
    ...heard,
    output,
    send: (message) => void input.write(lineOf(message)),
    answer: (id) => heard.seen((line) => answers(line, id)),
    record: (condition) =>
      vi.waitFor(async () => {
        const lines = (await readFile(log, 'utf8')).split('\n').filter((line) => line !== '')
        const found = lines.map((line) => JSON.parse(line) as LogLine).find(condition)
        if (found === undefined) throw new Error('It is not on record')
        return found
      }),
    end: () => void input.end(),
    stop: () => gateway.stop(),
    reload: () => gateway.reload(),
    ended: gateway.ended,
    close: async () => {
      gateway.stop()
      await gateway.ended
      await rm(folder, { recursive: true })
    },
  }
  return scene
}

/** Through with the handshake of the legacy era. */
export async function begunScene(given: Given = {}): Promise<Scene> {
  const scene = await openScene(given)
  scene.send(initialize)
  await scene.answer('"init"')
  scene.send(initialized)
  return scene
}
