import { Buffer } from 'node:buffer'
import console from 'node:console'
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { fileURLToPath, URL } from 'node:url'
import { printTable, round } from '../bench/statistics.mjs'
import { createActivePolicy } from '../dist/policy/active-policy.js'
import { createPatterns } from '../dist/policy/patterns.js'
import { createSupply } from '../dist/supply.js'
import { createSupplyThread } from '../dist/supply-client.js'
import { readBase } from './editions.mjs'
import { createFindings } from './findings.mjs'
import { createJudge } from './judge.mjs'
import { lateGrowth, overgrown, settledMemory } from './memory.mjs'
import { createRandom } from './random.mjs'

/**
 * In this process: bundles, good and broken, are loaded one after the other while calls are decided. Every decision is
 * compared with an oracle, every load with what it must come to, and memory has to stay where it is.
 */
export async function reloads({ reloads: total, decisions: wanted, seed }) {
  const random = createRandom(seed)
  const findings = createFindings()
  const supply = createOwnSupply()
  // Of its own: how many calls are decided during a load is different each time, the bundles are not.
  const judge = createJudge({ random: createRandom(seed + 1), findings })
  const samples = []
  let revision = await supply.begin(besieged, findings)
  await besiege(supply.policy(), judge)
  for (let done = 1; done <= total; done += 1) {
    const next = random.oneIn(6) ? brokenBundle(random) : goodBundle(random, done)
    const held = supply.policy()
    const load = supply.load(next)
    let loading = true
    const loaded = load.finally(() => (loading = false))
    while (loading) {
      judge.once(supply.policy(), 'during')
      await setImmediate()
    }
    revision = checkLoad(
      next,
      await loaded,
      { before: revision, policy: supply.policy() },
      findings,
    )
    judge.once(held, 'between')
    for (const quota = (wanted * done) / total; judge.count() < quota;) {
      for (let left = 16; left > 0; left -= 1) judge.once(supply.policy(), 'between')
      await setImmediate()
    }
    if (done % Math.ceil(total / checkpoints) === 0) {
      samples.push({ at: done, ...(await settledMemory()) })
      const { heap, external, rss } = samples.at(-1)
      console.log(
        `${done} reloads, ${judge.count()} decisions: heap ${heap.toFixed(1)}, external ${external.toFixed(1)}, RSS ${rss.toFixed(0)} MiB`,
      )
    }
  }
  await supply.end()
  return summary({ total, judge, samples, findings, outcomes: supply.outcomes() })
}

const checkpoints = 40

/**
 * Provokes one fault after the other in one policy that is not reloaded: each leaks the stack of the instance that
 * it happens in, and one that were used again would, after some thousand, fail every call.
 */
async function besiege(policy, judge) {
  for (let left = 5_000; left > 0; left -= 1) {
    judge.once(policy, 'between', conflicting)
    if (left % 4 === 0) judge.once(policy, 'between')
    if (left % 16 === 0) await setImmediate()
  }
}

const conflicting = {
  text: Buffer.from(
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","arguments":{"fault":"rule"}}}',
  ),
  roles: [],
}

// In healthy runs the medians of ten collected samples moved by 0.1 MiB of heap and 2 MiB of RSS from quarter to quarter;
// `external` steps by 3 MiB, as a spare instance is there or not. What a reload leaves behind comes 500 times a quarter:
// 2 KiB of heap each, or one instance in thirty reloads, are too much.
const bounds = { heap: 1, external: 8, buffers: 8, rss: 48 }

function createOwnSupply() {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-soak-'))
  const path = join(folder, 'bundle.tar.gz')
  const patterns = createPatterns()
  const active = createActivePolicy()
  const outcomes = { activated: 0, unchanged: 0, failed: 0 }
  const thread = createSupplyThread()
  const source = { type: 'disk', path }
  const trust = { sha256: undefined, keys: [], requireSignature: false }
  const loader = createSupply({
    config: {
      bundles: [{ name: 'policy', layer: 'organisation', scope: {}, source, ...trust }],
      maxBytes: 1 << 26,
      cacheDir: undefined,
      allowRollback: false,
    },
    version: '0',
    thread,
    policy: {
      limits: { maxInputBytes: 1 << 20, budgetMs: 1000 },
      largeInput: { calls: 'deny', responses: 'deny' },
      patterns,
    },
    active,
    report: ({ outcome }) => (outcomes[outcome] += 1),
    onKeepingFault: ({ error }) => {
      throw error
    },
  })
  const put = ({ bytes }) => {
    if (bytes === undefined) return rmSync(path, { force: true })
    writeFileSync(`${path}.next`, bytes)
    renameSync(`${path}.next`, path)
  }
  const policy = () => active.current().policy
  return {
    policy,
    outcomes: () => outcomes,
    async begin(bundle, findings) {
      put(bundle)
      return checkLoad(bundle, await loader.start(), { before: '', policy: policy() }, findings)
    },
    load(bundle) {
      put(bundle)
      return loader.reload()
    },
    async end() {
      await loader.close()
      await thread.close()
      await patterns.close()
      rmSync(folder, { recursive: true })
    },
  }
}

const root = new URL('../', import.meta.url)
const fixture = (name) =>
  fileURLToPath(new URL(`test/fixtures/policies/${name}/bundle.tar.gz`, root))
const starter = fileURLToPath(new URL('bundles/starter.tar.gz', root))

const bases = Object.fromEntries([
  ['starter', readBase(starter)],
  ...['gateway', 'conflict', 'reasons', 'bounds', 'deny-tools', 'default-allow', 'undefined'].map(
    (name) => [name, readBase(fixture(name))],
  ),
])

const besieged = { revision: 'conflict#0', bytes: bases.conflict.edition('conflict#0') }

// Twice in the list: the ones that a gateway runs with.
const names = ['starter', 'gateway', 'starter', 'gateway', ...Object.keys(bases)]

function goodBundle(random, number) {
  const name = random.pick(names)
  const revision = `${name}#${number}`
  return { revision, bytes: bases[name].edition(revision) }
}

function brokenBundle(random) {
  return random.pick(broken)()
}

const whole = readFileSync(starter)

const broken = [
  () => ({ fault: 'check', bytes: readFileSync(fixture('missing-builtin')) }),
  () => ({ fault: 'check', bytes: readFileSync(fixture('unsafe-builtin')) }),
  () => ({ fault: 'check', bytes: readFileSync(fixture('no-pre')) }),
  () => ({ fault: 'check', bytes: bases.bounds.edition(`control\u0000`) }),
  () => ({ fault: 'archive', bytes: whole.subarray(0, whole.length >> 1) }),
  () => ({ fault: 'archive', bytes: Buffer.concat([whole, Buffer.from('more')]) }),
  () => ({ fault: 'archive', bytes: Buffer.alloc(0) }),
  () => ({ fault: 'archive', bytes: Buffer.from('<!doctype html>') }),
  () => ({ fault: 'absent', bytes: undefined }),
]

/** Gives the revision that is in force now: the new one, or after a failure the one before. */
function checkLoad(bundle, outcome, { before, policy }, findings) {
  const expected = bundle.revision ?? before
  const came =
    bundle.fault === undefined
      ? outcome.outcome !== 'failed' && outcome.revision === expected
      : outcome.outcome === 'failed' && outcome.fault === bundle.fault
  if (!came) findings.add('wrong load', JSON.stringify({ ...bundle, bytes: undefined, outcome }))
  if (policy.revision !== expected) {
    findings.add('wrong policy in force', `${policy.revision} instead of ${expected}`)
  }
  return expected
}

function summary({ total, judge, samples, findings, outcomes }) {
  const growth = lateGrowth(samples)
  for (const line of overgrown(growth, bounds)) findings.add('memory', line)
  const every = Math.max(1, Math.floor(samples.length / 8))
  const shown = samples.filter((_, index) => index % every === every - 1)
  console.log()
  printTable([...shown, { at: 'last quarter', ...growth }].map(inTable))
  console.log(`bounds of the last quarter, MiB: ${JSON.stringify(bounds)}\n`)
  const { durations, tally, busySeconds } = judge.result()
  printTable(
    Object.entries(durations).map(([when, own]) => {
      const [p50, p99, max] = [own.quantile(0.5), own.quantile(0.99), own.max()].map(round)
      return { 'decided, µs': `${when} loads`, count: own.count(), p50, p99, max }
    }),
  )
  console.log(`loads: ${JSON.stringify(outcomes)}; decisions: ${JSON.stringify(tally)}`)
  const rate = Math.round(judge.count() / busySeconds)
  return {
    line: `${total} reloads, ${judge.count()} decisions (${rate} a second of deciding), all compared with an oracle`,
    findings: findings.lines(),
  }
}

function inTable(row) {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      typeof value === 'number' && name !== 'at' ? value.toFixed(1) : value,
    ]),
  )
}
