import { type ChildProcess, spawn } from 'node:child_process'
import type { Writable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { onOneLine } from '../wire/ndjson.js'
import { createChatter } from './stdio-chatter.js'
import { childEnvironment } from './stdio-environment.js'
import type { ChildExit, StdioEvents } from './stdio-events.js'
import { endGroup, signalGroup } from './stdio-group.js'
import type { LongLine } from './stdio-lines.js'
import { type Output, readOutput } from './stdio-output.js'

/** What is started. It comes from configuration only: nothing of a request ever becomes part of it. */
export interface StdioCommand {
  /** The upstream's name. */
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  /** Added to the few variables that a child gets of this process. */
  readonly env: Readonly<Record<string, string>>
  /** Undefined: where the gateway runs. */
  readonly cwd: string | undefined
}

export interface ChildOptions extends StdioCommand {
  readonly maxMessageBytes: number
  /** How long a child may take to end by itself, and again once it was told to, milliseconds. */
  readonly graceMs: number
  readonly events: StdioEvents
}

/** Who listens to a child. */
export interface ChildListener {
  /** @returns whether the line is a message; any other goes to the operator */
  line(line: Buffer): boolean
  /**
   * A line that is longer than a message may be was passed by.
   * @returns whether what comes after it is wanted
   */
  lineTooLong(line: LongLine): boolean
  /** Its last message has come, and its process has ended or was never there. */
  ended(exit: ChildExit): void
}

/** A process that speaks newline-delimited JSON-RPC on stdin and stdout, in a process group of its own. */
export interface Child {
  /** Writes a message as a line. False where it is not taken: too much waits already, or the child does not listen. */
  write(text: Buffer): boolean
  /** Stops reading its messages for this reason, until every reason was released. */
  hold(reason: object): void
  release(reason: object): void
  /** Closes its stdin, and ends the whole group if that is not enough. Resolves when that is done. */
  end(): Promise<void>
  /** Ends the whole group at once, for a gateway that goes itself. */
  kill(): void
  /** Resolves when the process and what it started are gone. */
  readonly gone: Promise<void>
}

export function startChild(options: ChildOptions, listener: ChildListener): Child {
  const { name, events, graceMs } = options
  const started = spawnGroup(options)
  if (!isRunning(started)) return unstarted(started, listener)
  const { pid, stdin } = started
  let isExpected = false
  events.childStarted(name, pid)
  const output = readPipes(started, options, listener)
  const gone = new Promise<void>((resolve) => {
    started.once('exit', (code, signal) => {
      events.childEnded(name, pid, signal ?? code ?? 0, isExpected)
      afterExit(started, output, () => listener.ended(exitOf(code, signal)))
      void endGroup(pid, graceMs).then(resolve)
    })
  })

  const end = async (): Promise<void> => {
    stdin.end()
    if (await within(graceMs, gone)) return
    await endGroup(pid, graceMs)
    await within(graceMs, gone)
  }
  // A child that cannot be told or heard anything any more is no server.
  stdin.on('error', () => void end())
  started.stdout.once('end', () => void end())

  return {
    write: (text) => writeLine(stdin, text),
    hold: output.hold,
    release: output.release,
    end() {
      isExpected = true
      return end()
    },
    kill: () => void signalGroup(pid, 'SIGKILL'),
    gone,
  }
}

type Started = ChildProcess | { readonly cause: unknown }

type Running = ReturnType<typeof spawnPiped> & { readonly pid: number }

function spawnGroup(command: StdioCommand): Started {
  try {
    return spawnPiped(command)
  } catch (cause) {
    return { cause }
  }
}

function spawnPiped({ command, args, env, cwd }: StdioCommand) {
  return spawn(command, args, {
    ...(cwd === undefined ? {} : { cwd }),
    env: childEnvironment(env, process.env),
    // A group of its own, so that what it starts ends with it.
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
}

/** Out of descriptors there are no pipes either, whatever the types say. */
function isRunning(started: Started): started is Running {
  return 'pid' in started && started.pid !== undefined
}

function unstarted(started: Started, listener: ChildListener): Child {
  const gone = new Promise<void>((resolve) => {
    const fail = (cause: unknown): void => {
      listener.ended({ type: 'unstarted', cause })
      resolve()
    }
    if ('cause' in started) process.nextTick(fail, started.cause)
    else started.on('error', fail)
  })
  const nothing = (): void => undefined
  // What is written is answered by its end, which comes next.
  return {
    write: () => true,
    hold: nothing,
    release: nothing,
    end: () => gone,
    kill: nothing,
    gone,
  }
}

/** Bytes that may wait for a child that does not read. */
const maxUnreadBytes = 8 * 1024 * 1024

function writeLine(stdin: Writable, text: Buffer): boolean {
  if (!stdin.writable || stdin.writableLength > maxUnreadBytes) return false
  stdin.cork()
  stdin.write(onOneLine(text))
  stdin.write('\n')
  stdin.uncork()
  return true
}

function readPipes(started: Running, options: ChildOptions, listener: ChildListener): Output {
  const { stdout, stderr } = started
  const say = (line: string): void => options.events.childSaid(options.name, line)
  const chatter = createChatter({
    say,
    pause: () => void stderr.pause(),
    resume: () => void stderr.resume(),
  })
  const output = readOutput(stdout, { ...listener, maxMessageBytes: options.maxMessageBytes, say })
  stderr.on('data', (chunk: Buffer) => chatter.hear(chunk))
  // How a pipe breaks says nothing that the end of the process does not say.
  stdout.on('error', () => undefined)
  stderr.on('error', () => undefined)
  return {
    ...output,
    drain() {
      output.drain()
      stderr.resume()
    },
    close() {
      output.close()
      chatter.close()
      stderr.destroy()
    },
  }
}

/** How long pipes may stay open after their process, milliseconds: what it started may have them too. */
const drainMs = 1_000

function afterExit(started: Running, output: Output, ended: () => void): void {
  let isOver = false
  const finish = (): void => {
    if (isOver) return
    isOver = true
    clearTimeout(timer)
    output.close()
    ended()
  }
  const timer = setTimeout(finish, drainMs)
  started.once('close', finish)
  output.drain()
}

function exitOf(code: number | null, signal: string | null): ChildExit {
  return signal === null ? { type: 'exited', code: code ?? 0 } : { type: 'signalled', signal }
}

async function within(ms: number, end: Promise<void>): Promise<boolean> {
  const stop = new AbortController()
  const late = delay(ms, false, { signal: stop.signal }).catch(() => false)
  const inTime = await Promise.race([end.then(() => true), late])
  stop.abort()
  return inTime
}
