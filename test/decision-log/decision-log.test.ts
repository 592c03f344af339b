import { execFileSync } from 'node:child_process'
import {
  closeSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  createDecisionLog,
  type DecisionLogOptions,
  type WrittenDecisionLog,
} from '../../src/decision-log/decision-log.js'
import { decisionEntry, outcomeEntry, toolCall } from '../support/entries.js'

let folder: string
let path: string
let logs: WrittenDecisionLog[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'decision-log-'))
  path = join(folder, 'decisions.jsonl')
  logs = []
})

afterEach(async () => {
  await Promise.all(logs.map((log) => log.close()))
  rmSync(folder, { recursive: true })
})

function openLog(
  changes: Partial<DecisionLogOptions['config']> = {},
  options: Partial<DecisionLogOptions> = {},
): WrittenDecisionLog {
  const log = createDecisionLog({
    config: {
      destination: { type: 'file', path },
      args: 'digest',
      mask: [],
      durability: 'flushed',
      ...changes,
    },
    actionClassOf: () => 'unknown',
    onFailure: vi.fn(),
    onRecovery: vi.fn(),
    ...options,
  })
  logs.push(log)
  return log
}

function seqsIn(text: string): unknown[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as { seq: unknown }).seq)
}

describe('a file', () => {
  test.each(['flushed', 'synced'] as const)(
    'has the line when append resolves: %s',
    async (durability) => {
      const log = openLog({ durability })
      await log.append(decisionEntry())
      expect(seqsIn(readFileSync(path, 'utf8'))).toEqual([1])
      expect(log.queued()).toBe(0)
    },
  )

  test.each(['buffered', 'flushed', 'synced'] as const)(
    'has every line in order after close: %s',
    async (durability) => {
      const log = openLog({ durability })
      const call = toolCall()
      const appended = Array.from({ length: 500 }, (_, n) =>
        log.append(n % 2 === 0 ? decisionEntry({ call }) : outcomeEntry(call)),
      )
      await log.close()
      await Promise.all(appended)
      expect(seqsIn(readFileSync(path, 'utf8'))).toEqual(
        Array.from({ length: 500 }, (_, n) => n + 1),
      )
    },
  )

  test('is written once a turn, and a buffered one not before it must', async () => {
    const flushed = openLog()
    const first = flushed.append(decisionEntry())
    const second = flushed.append(decisionEntry())
    expect(flushed.queued()).toBe(2)
    expect(readFileSync(path, 'utf8')).toBe('')
    await first
    expect(flushed.queued()).toBe(0)
    await second

    path = join(folder, 'buffered.jsonl')
    const buffered = openLog({ durability: 'buffered' })
    await buffered.append(decisionEntry())
    expect(buffered.queued()).toBe(1)
    while (buffered.queued() > 0) await buffered.append(decisionEntry())
    expect(statSync(path).size).toBeGreaterThanOrEqual(64 * 1024)
  })

  test('is appended to, is not for everyone to read, and a torn line is ended first', async () => {
    await openLog().append(decisionEntry())
    expect(statSync(path).mode & 0o027).toBe(0)
    writeFileSync(path, '{"seq":0}\n{"torn')
    await openLog().append(decisionEntry())
    const lines = readFileSync(path, 'utf8').split('\n')
    expect(lines.slice(0, 2)).toEqual(['{"seq":0}', '{"torn'])
    expect(seqsIn(lines.slice(2).join('\n'))).toEqual([1])
  })

  test('can be rotated under the running log', async () => {
    const log = openLog({ durability: 'synced' })
    const first = log.append(decisionEntry())
    renameSync(path, `${path}.1`)
    log.reopen()
    await first
    await log.append(decisionEntry())
    expect(seqsIn(readFileSync(`${path}.1`, 'utf8'))).toEqual([1])
    expect(seqsIn(readFileSync(path, 'utf8'))).toEqual([2])
  })

  test('stays in use where it cannot be opened anew', async () => {
    const inner = join(folder, 'inner')
    execFileSync('mkdir', [inner])
    path = join(inner, 'decisions.jsonl')
    const log = openLog()
    renameSync(inner, `${inner}.old`)
    expect(() => log.reopen()).toThrow(/cannot be opened/)
    await log.append(decisionEntry())
    expect(seqsIn(readFileSync(join(`${inner}.old`, 'decisions.jsonl'), 'utf8'))).toEqual([1])
  })

  test('that cannot be opened stops the start with its name', () => {
    path = join(folder, 'missing', 'decisions.jsonl')
    expect(() => openLog()).toThrow(/missing\/decisions\.jsonl cannot be opened \(ENOENT\)/)
  })
})

test('nothing is appended after close', async () => {
  const log = openLog()
  await log.close()
  await expect(log.append(decisionEntry())).rejects.toMatchObject({ code: 'log_unavailable' })
})

test('a log that is off takes everything and writes nothing', async () => {
  const log = openLog({ destination: { type: 'off' } })
  await log.append(decisionEntry())
  expect(log.queued()).toBe(0)
  expect(existsSync(path)).toBe(false)
})

test.runIf(existsSync('/dev/full'))('a full disk rejects the append and is reported', async () => {
  const onFailure = vi.fn()
  const log = openLog({ destination: { type: 'file', path: '/dev/full' } }, { onFailure })
  const appended = [log.append(decisionEntry()), log.append(decisionEntry())]
  const settled = await Promise.allSettled(appended)
  for (const result of settled) {
    expect(result).toMatchObject({ status: 'rejected', reason: { code: 'log_unavailable' } })
  }
  expect(onFailure).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ code: 'ENOSPC' }), 2)
})

describe.runIf(process.platform === 'linux')('a pipe', () => {
  const read = (fd: number): string => {
    const chunks: string[] = []
    const chunk = Buffer.alloc(65536)
    try {
      for (let n = readSync(fd, chunk); n > 0; n = readSync(fd, chunk)) {
        chunks.push(chunk.toString('latin1', 0, n))
      }
    } catch (thrown) {
      expect(thrown).toMatchObject({ code: 'EAGAIN' })
    }
    return chunks.join('')
  }
  const openReader = (): number => openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)

  beforeEach(() => {
    execFileSync('mkfifo', [path])
  })

  test('whose reader is slow delays the append, keeps the order and does not block', async () => {
    const reader = openReader()
    const log = openLog()
    const appended = Promise.all(Array.from({ length: 300 }, () => log.append(decisionEntry())))
    let text = ''
    await new Promise(setImmediate)
    await new Promise(setImmediate)
    expect(log.queued()).toBe(300)
    const later = log.append(decisionEntry())
    while (log.queued() > 0) {
      text += read(reader)
      await new Promise(setImmediate)
    }
    await appended
    await later
    text += read(reader)
    expect(seqsIn(text)).toEqual(Array.from({ length: 301 }, (_, n) => n + 1))
    expect(log.queued()).toBe(0)
    closeSync(reader)
  })

  test('whose reader stalls or goes fails the append, and works again when it reads again', async () => {
    const onFailure = vi.fn()
    const onRecovery = vi.fn()
    const reader = openReader()
    const log = openLog({}, { stallMs: 1, onFailure, onRecovery })
    const stalled = Array.from({ length: 300 }, () => log.append(decisionEntry()))
    for (const { status } of await Promise.allSettled(stalled)) expect(status).toBe('rejected')
    expect(log.queued()).toBe(0)
    closeSync(reader)
    await expect(log.append(decisionEntry())).rejects.toMatchObject({
      cause: { code: 'EPIPE' },
    })
    expect(onFailure).toHaveBeenCalledTimes(2)

    const next = openReader()
    const before = read(next)
    await log.append(decisionEntry())
    expect(onRecovery).toHaveBeenCalledOnce()
    const after = read(next)
    // What was cut off is ended, so that only the line that was lost is unreadable.
    expect(before.endsWith('\n')).toBe(false)
    expect(after.startsWith('\n')).toBe(true)
    expect(seqsIn(after)).toEqual([302])
    closeSync(next)
  })
})
