import { spawn } from 'node:child_process'
import console from 'node:console'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath, URL } from 'node:url'
import { request } from 'undici'
import { printTable } from '../bench/statistics.mjs'
import { createFindings } from './findings.mjs'
import { startGatewayProcess } from './gateway-process.mjs'
import { createStreams } from './open-streams.mjs'

/**
 * Thousands of open event streams: what one weighs beside a bare proxy's, one word that all of them get, and, past
 * what the process has descriptors for, a clear refusal while the open ones live.
 */
export async function streams({ count, excess }) {
  const findings = createFindings()
  const upstream = await startScript('broadcasting-upstream.mjs')
  const proxy = await startScript('bare-proxy.mjs', `${upstream.url}/mcp`)
  const gateway = await startGatewayProcess(`${upstream.url}/mcp`, {
    POLICY_BUNDLE_PATH: fileURLToPath(new URL('../bundles/starter.tar.gz', import.meta.url)),
  })
  try {
    const bare = await weigh({ url: proxy.url, rss: () => rssOf(proxy.pid), upstream, count })
    check(bare, 'bare proxy', count, findings)
    bare.streams.close()
    await proxy.stop()
    const governed = await weigh({
      url: gateway.mcpUrl,
      rss: () => gateway.resources()?.rss ?? 0,
      upstream,
      count,
    })
    check(governed, 'gateway', count, findings)
    printTable([row('bare proxy', bare), row('gateway', governed)])
    const line = `${count} streams, ${kibOf(governed)} KiB each beside ${kibOf(bare)} on a bare proxy`
    if (excess > 0) await overfill({ gateway, upstream, governed, excess, findings })
    governed.streams.close()
    const code = await gateway.stop()
    if (code !== 0) findings.add('exit', `code ${code}: ${gateway.lastLines()}`)
    return { line, findings: findings.lines() }
  } finally {
    if (gateway.isAlive()) await gateway.stop()
    gateway.remove()
    await proxy.stop()
    await upstream.stop()
  }
}

async function weigh({ url, rss, upstream, count }) {
  const open = createStreams(url)
  await open.openMany(Math.min(count, 200))
  await delay(500)
  const before = rss()
  const already = open.open
  const statuses = await open.openMany(count - already)
  await delay(2_000)
  const after = rss()
  const { arrived, ms } = await broadcast(upstream, open, count)
  const each = ((after - before) * 1024) / Math.max(1, count - already)
  return { streams: open, statuses, before, after, each, arrived, ms }
}

async function broadcast(upstream, open, expected) {
  open.takeWords()
  const started = Date.now()
  const { body } = await request(`${upstream.url}/broadcast`, { method: 'POST', reset: true })
  await body.dump()
  let arrived = 0
  for (let left = 200; left > 0 && arrived < expected; left -= 1) {
    arrived += open.takeWords()
    if (arrived < expected) await delay(50)
  }
  await delay(200)
  return { arrived: arrived + open.takeWords(), ms: Date.now() - started - 200 }
}

function check({ streams: open, statuses, arrived }, name, count, findings) {
  if (open.open !== count) {
    findings.add(`${name}: streams`, `${open.open} of ${count} open, ${wordsOf(statuses)}`)
  }
  if (arrived !== count) findings.add(`${name}: broadcast`, `${arrived} of ${count} arrived`)
}

/** More than there are descriptors for. */
async function overfill({ gateway, upstream, governed, excess, findings }) {
  const statuses = await governed.streams.openMany(excess, 50)
  const alive = governed.streams.open
  const others = [...statuses.keys()].filter((status) => status !== 200 && status !== 503)
  console.log(`${excess} more: ${wordsOf(statuses)}; ${alive} open`)
  if (!statuses.has(503)) findings.add('too many streams', `none was refused: ${wordsOf(statuses)}`)
  if (others.length > 0) findings.add('too many streams', wordsOf(statuses))
  const { arrived } = await broadcast(upstream, governed.streams, alive)
  if (arrived !== alive) findings.add('open streams', `${arrived} of ${alive} heard the word`)
  if (!gateway.isAlive()) findings.add('the gateway ended', gateway.lastLines())
}

async function startScript(name, ...args) {
  const path = fileURLToPath(new URL(name, import.meta.url))
  const child = spawn(process.execPath, [path, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  const [url] = await once(createInterface({ input: child.stdout }), 'line')
  return {
    url,
    pid: child.pid,
    async stop() {
      child.kill('SIGTERM')
      await ended
    },
  }
}

/** Resident MiB. */
function rssOf(pid) {
  const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1])
  return (pages * 4096) / 2 ** 20
}

function row(name, { before, after, each, arrived, ms }) {
  return {
    target: name,
    'RSS before, MiB': before.toFixed(0),
    'RSS after, MiB': after.toFixed(0),
    'KiB a stream': each.toFixed(1),
    'words heard': arrived,
    'broadcast, ms': ms,
  }
}

const kibOf = ({ each }) => each.toFixed(0)

function wordsOf(statuses) {
  return [...statuses].map(([status, times]) => `${times} times ${status}`).join(', ')
}
