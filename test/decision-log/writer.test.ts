import { expect, test, vi } from 'vitest'
import type { Sink } from '../../src/decision-log/sink.js'
import { createWriter, type Durability } from '../../src/decision-log/writer.js'

/** A disk that takes, refuses or confirms what the test says. */
function createDisk() {
  let written = Buffer.alloc(0)
  const disk = {
    /** Bytes that the next writes take; -1 is a full disk, 0 one that takes nothing for the moment. */
    takes: [] as number[],
    syncs: [] as ((error?: Error) => void)[],
    text: () => written.toString(),
  }
  const sink: Sink = {
    write(bytes) {
      const take = Math.min(disk.takes.shift() ?? bytes.length, bytes.length)
      if (take < 0) throw new Error('ENOSPC')
      written = Buffer.concat([written, bytes.subarray(0, take)])
      return take
    },
    midLine: () => written.length > 0 && written.at(-1) !== 0x0a,
    sync: () =>
      new Promise((resolve, reject) => {
        disk.syncs.push((error) => {
          if (error === undefined) resolve()
          else reject(error)
        })
      }),
    reopen: () => undefined,
    close: () => undefined,
  }
  return { disk, sink }
}

function writerOn(sink: Sink, durability: Durability) {
  const onFailure = vi.fn()
  const onRecovery = vi.fn()
  const writer = createWriter({ sink, durability, stallMs: 1000, onFailure, onRecovery })
  return { writer, onFailure, onRecovery }
}

test('a write that is taken in pieces is finished, multi-byte characters too', async () => {
  const { disk, sink } = createDisk()
  const { writer } = writerOn(sink, 'flushed')
  disk.takes = [3, 0, 2, 0]
  await writer.append('"äöü"\n"€"\n')
  expect(disk.text()).toBe('"äöü"\n"€"\n')
})

test('a line that was cut off does not spoil the next, and the log recovers', async () => {
  const { disk, sink } = createDisk()
  const { writer, onFailure, onRecovery } = writerOn(sink, 'flushed')
  disk.takes = [4, -1]
  await expect(writer.append('"lost"\n')).rejects.toMatchObject({ code: 'log_unavailable' })
  expect(onRecovery).not.toHaveBeenCalled()
  await writer.append('"kept"\n')
  expect(disk.text()).toBe('"los\n"kept"\n')
  expect(onFailure).toHaveBeenCalledOnce()
  expect(onRecovery).toHaveBeenCalledOnce()
})

test('buffered lines that calls went ahead on survive a full disk, and new calls learn of it', async () => {
  const { disk, sink } = createDisk()
  const { writer, onFailure, onRecovery } = writerOn(sink, 'buffered')
  await writer.append('"first"\n')
  disk.takes = [3, -1, -1]
  writer.flush()
  expect(onFailure).toHaveBeenCalledOnce()
  await expect(writer.append('"refused"\n')).rejects.toMatchObject({ code: 'log_unavailable' })
  expect(writer.queued()).toBe(1)
  await writer.append('"second"\n')
  expect(disk.text()).toBe('"first"\n"second"\n')
  expect(onRecovery).toHaveBeenCalledOnce()
  await writer.append('"third"\n')
  expect(writer.queued()).toBe(1)
  await writer.close()
  expect(disk.text()).toBe('"first"\n"second"\n"third"\n')
})

test('close gives up on what cannot be written', async () => {
  const { disk, sink } = createDisk()
  const { writer, onFailure } = writerOn(sink, 'buffered')
  await writer.append('"a"\n')
  disk.takes = [-1, -1]
  writer.flush()
  await writer.close()
  expect(onFailure).toHaveBeenCalledTimes(2)
  expect(writer.queued()).toBe(0)
})

test('what is written while a sync runs waits for the next one', async () => {
  const { disk, sink } = createDisk()
  const { writer } = writerOn(sink, 'synced')
  const settled: string[] = []
  const note = (name: string) => () => settled.push(name)
  const first = writer.append('1\n').then(note('first'))
  writer.flush()
  const second = writer.append('2\n').then(note('second'))
  writer.flush()
  const third = writer.append('3\n').then(note('third'))
  writer.flush()
  expect(disk.text()).toBe('1\n2\n3\n')
  expect(disk.syncs).toHaveLength(1)
  disk.syncs[0]?.()
  await first
  expect(settled).toEqual(['first'])
  await vi.waitUntil(() => disk.syncs.length === 2)
  disk.syncs[1]?.()
  await Promise.all([second, third])
  expect(disk.syncs).toHaveLength(2)
})

test('a disk that does not confirm fails the append', async () => {
  const { disk, sink } = createDisk()
  const { writer, onFailure, onRecovery } = writerOn(sink, 'synced')
  const lost = writer.append('1\n')
  writer.flush()
  disk.syncs[0]?.(new Error('EIO'))
  await expect(lost).rejects.toMatchObject({ code: 'log_unavailable', cause: { message: 'EIO' } })
  expect(onFailure).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ message: 'EIO' }), 1)
  const kept = writer.append('2\n')
  writer.flush()
  await vi.waitUntil(() => disk.syncs.length === 2)
  disk.syncs[1]?.()
  await kept
  expect(onRecovery).toHaveBeenCalledOnce()
})

test('a log that holds too much refuses more', async () => {
  const { disk, sink } = createDisk()
  const { writer } = writerOn(sink, 'flushed')
  disk.takes = [0]
  const held = writer.append('x'.repeat(40 * 1024 * 1024))
  await expect(writer.append('x'.repeat(40 * 1024 * 1024))).rejects.toMatchObject({
    code: 'log_unavailable',
  })
  await held
})
