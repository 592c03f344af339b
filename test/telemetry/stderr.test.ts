import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createLineOutput } from '../../src/telemetry/stderr.js'

const noticeOf = (dropped: number): string => `dropped ${dropped}\n`
const lineOf = (index: number): string => `${index} ${'x'.repeat(1000)}\n`

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portcullis-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function pipe() {
  const path = join(folder, 'pipe')
  execFileSync('mkfifo', [path])
  const reading = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const writing = openSync(path, constants.O_WRONLY)
  const buffer = Buffer.alloc(1 << 17)
  return {
    output: createLineOutput(writing, noticeOf),
    /** What stands in the pipe now. */
    read: (): string => {
      try {
        return buffer.toString('latin1', 0, readSync(reading, buffer))
      } catch {
        return ''
      }
    },
    stopReading: () => closeSync(reading),
    readAgain: () => openSync(path, constants.O_RDONLY | constants.O_NONBLOCK),
    close: () => closeSync(writing),
  }
}

describe('a pipe whose reader takes nothing', () => {
  test('holds nobody up; lines are kept, then dropped, and how many is said in their place', async () => {
    const { output, read, close } = pipe()
    for (let index = 0; index < 3000; index++) output.write(lineOf(index))
    let text = read()
    output.write('more\n')
    while (!text.endsWith('more\n')) {
      text += read()
      await new Promise((resolve) => setImmediate(resolve))
    }
    close()
    const kept = text.split('\n').length - 3
    expect(kept).toBeGreaterThan(1000)
    const lines = Array.from({ length: kept }, (_, index) => lineOf(index)).join('')
    expect(text).toBe(`${lines}dropped ${3000 - kept}\nmore\n`)
  })

  test('gets what was kept once it takes some, without a line that follows', async () => {
    const { output, read, close } = pipe()
    for (let index = 0; index < 200; index++) output.write(lineOf(index))
    let text = ''
    while (!text.includes(lineOf(199))) {
      text += read()
      await new Promise((resolve) => setImmediate(resolve))
    }
    close()
    expect(text).toBe(Array.from({ length: 200 }, (_, index) => lineOf(index)).join(''))
  })
})

test('a pipe without a reader drops lines, and the next reader learns how many', () => {
  const { output, stopReading, readAgain, close } = pipe()
  stopReading()
  for (let index = 0; index < 5; index++) output.write(lineOf(index))
  const reading = readAgain()
  output.write('back\n')
  const buffer = Buffer.alloc(1 << 16)
  expect(buffer.toString('latin1', 0, readSync(reading, buffer))).toBe('dropped 5\nback\n')
  closeSync(reading)
  close()
})

test('a file gets every line at once', () => {
  const path = join(folder, 'log')
  const fd = openSync(path, 'w')
  const output = createLineOutput(fd, noticeOf)
  for (let index = 0; index < 2000; index++) output.write(lineOf(index))
  closeSync(fd)
  expect(readFileSync(path, 'utf8').split('\n')).toHaveLength(2001)
})

test('a full disk ends nothing', () => {
  const fd = openSync('/dev/full', 'w')
  const output = createLineOutput(fd, noticeOf)
  for (let index = 0; index < 10; index++) output.write(lineOf(index))
  closeSync(fd)
})

describe('the operator log of a process', () => {
  const log = new URL('../../dist/telemetry/log.js', import.meta.url).href

  function run(script: string) {
    const program = `
      import { createOperatorLog } from ${JSON.stringify(log)}
      const log = createOperatorLog({ level: 'info' })
      ${script}`
    return spawn(process.execPath, ['--input-type=module', '-e', program])
  }

  test('on a socket that nobody reads holds nothing up', async () => {
    const child = run(`
      for (let index = 0; index < 5000; index++) log.info({ index, pad: 'x'.repeat(1000) }, 'line')
      process.stdout.write('done')`)
    expect(String((await once(child.stdout, 'data'))[0])).toBe('done')
    child.kill()
  })

  test('is flushed when the process ends', async () => {
    const child = run(`
      log.error({}, 'last')
      process.exit()`)
    let text = ''
    child.stderr.on('data', (part: Buffer) => (text += part.toString()))
    await once(child, 'close')
    expect(JSON.parse(text)).toMatchObject({ level: 'error', msg: 'last' })
  })
})
