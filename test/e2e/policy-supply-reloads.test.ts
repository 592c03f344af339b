import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startTestGateway, toolCall } from '../support/gateway.js'
import { spawnGateway, type LogRecord } from '../support/process.js'
import { suppliedBundle } from '../support/supplied.js'
import { echo, startRawUpstream } from '../support/upstream.js'

test('while policy changes again and again, no call fails and none is judged by two revisions', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-reloads-'))
  const path = join(folder, 'bundle.tar.gz')
  const versions = [
    await suppliedBundle({ revision: 'even' }),
    await suppliedBundle({ revision: 'odd' }),
  ]
  await writeFile(path, versions[0] ?? '')
  const upstream = await startRawUpstream(echo)
  const gateway = await startTestGateway({
    UPSTREAM_URL: upstream.url,
    POLICY_MODE: 'enforce',
    POLICY_BUNDLE_PATH: path,
  })
  try {
    const reloading = new AbortController()
    const statuses = new Set<number>()
    const caller = async (): Promise<void> => {
      while (!reloading.signal.aborted) statuses.add((await gateway.post(toolCall('read'))).status)
    }
    const callers = Promise.all([caller(), caller(), caller(), caller()])
    for (let round = 1; round <= 12; round += 1) {
      await writeFile(join(folder, 'next'), versions[round % 2] ?? '')
      await rename(join(folder, 'next'), path)
      await gateway.reload()
    }
    reloading.abort()
    await callers
    expect([...statuses]).toEqual([200])

    const lines = await gateway.decisions()
    const activated = lines.filter(
      ({ type, outcome }) => type === 'reload' && outcome === 'activated',
    )
    expect(activated.length).toBeGreaterThan(12)
    const revisions = new Map<unknown, Set<unknown>>()
    for (const line of lines.filter(({ type }) => type === 'decision')) {
      const known = revisions.get(line['call_id']) ?? new Set()
      revisions.set(line['call_id'], known.add(line['revision']))
    }
    expect(revisions.size).toBeGreaterThan(20)
    for (const each of revisions.values()) expect(each.size).toBe(1)
    expect(new Set([...revisions.values()].flatMap((each) => [...each]))).toEqual(
      new Set(['even', 'odd']),
    )
  } finally {
    await gateway.close()
    await upstream.close()
    await rm(folder, { recursive: true })
  }
})

test('a process changes its policy on SIGHUP, and its supply thread keeps it from nothing', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-reloads-'))
  const path = join(folder, 'bundle.tar.gz')
  await writeFile(path, await suppliedBundle({ revision: 'first', forbidden: ['pay'] }))
  const upstream = await startRawUpstream(echo)
  const gateway = await spawnGateway([], {
    UPSTREAM_URL: upstream.url,
    POLICY_MODE: 'enforce',
    POLICY_BUNDLE_PATH: path,
    POLICY_CACHE_DIR: join(folder, 'kept'),
  })
  try {
    await writeFile(path, await suppliedBundle({ revision: 'second' }))
    gateway.signal('SIGHUP')
    const isSecond = (line: LogRecord): boolean => line['revision'] === 'second'
    expect(await gateway.seen('operatorLog', isSecond)).toMatchObject({ msg: 'bundle_activated' })
    expect(await gateway.seen('decisionLog', isSecond)).toMatchObject({ type: 'reload' })
  } finally {
    expect(await gateway.stop()).toBe(0)
    await upstream.close()
    await rm(folder, { recursive: true })
  }
})
