import console from 'node:console'
import { setTimeout as delay } from 'node:timers/promises'
import { request } from 'undici'
import { printTable, round } from '../bench/statistics.mjs'
import { createBundleFile, digestOf, parityOf } from './editioned-bundle.mjs'
import { createFindings } from './findings.mjs'
import { startGatewayProcess } from './gateway-process.mjs'
import { createCalls } from './load-calls.mjs'
import { createRandom } from './random.mjs'
import { startRawUpstream } from './raw-upstream.mjs'

/**
 * End to end: a gateway process under load while its bundle is replaced, and SIGHUP sent, ten times a second. The
 * editions of the bundle decide differently, so that a call that met two of them gives itself away.
 */
export async function load({ swaps, seed }) {
  const findings = createFindings()
  const upstream = await startRawUpstream(answerLate(createRandom(seed)))
  const bundle = createBundleFile()
  bundle.put(0)
  const gateway = await startGatewayProcess(upstream.url, {
    POLICY_BUNDLE_PATH: bundle.path,
    AUTH_MODE: 'trusted-headers',
    TRUSTED_PROXIES: '127.0.0.1',
  })
  try {
    const calls = createCalls(gateway.mcpUrl, createRandom(seed + 1), findings)
    const parts = { calls, bundle, gateway, findings }
    await underLoad({ from: 1, to: warmUpSwaps, ...parts })
    const undisturbed = await quietLatencies(calls, swaps)
    const before = { at: 'before', ...(await quiet(gateway)) }
    const during = await underLoad({ from: warmUpSwaps + 1, to: warmUpSwaps + swaps, ...parts })
    const after = { at: 'after', ...(await quiet(gateway)) }
    checkFiles(before, after, findings)
    checkMemory(during, findings)
    const resources = [before, ...during, after]
    await checkMetrics(gateway, findings)
    await calls.close()
    const code = await gateway.stop()
    if (code !== 0) findings.add('exit', `code ${code}: ${gateway.lastLines()}`)
    const records = checkRecords(gateway.records(), calls.answers, findings)
    return summary({ swaps, calls, undisturbed, records, resources, gateway, findings })
  } finally {
    if (gateway.isAlive()) await gateway.stop()
    gateway.remove()
    bundle.remove()
    upstream.close()
  }
}

/** Until then all connections are open, and all code has run. */
const warmUpSwaps = 10

/** The same calls while nothing is replaced, a quarter as long: what latencies under reloads are compared with. */
async function quietLatencies(calls, swaps) {
  calls.measureAnew()
  const running = calls.start()
  await delay(swaps * 25)
  calls.stop()
  await running
  return calls.measureAnew()
}

/** Some answers take longer than it takes to replace a bundle. */
function answerLate(random) {
  return async (body) => {
    const { id, params } = JSON.parse(body)
    const delayed = random.oneIn(8) ? random.below(250) : 0
    if (delayed > 0) await delay(delayed)
    const structuredContent = { salary: 1, wage: 2, ssn: '078-05-1120', body: digestOf(body) }
    const content = [{ type: 'text', text: String(params.arguments.mark) }]
    const result = { content, structuredContent, _meta: { delayed } }
    return { text: JSON.stringify({ jsonrpc: '2.0', id, result }) }
  }
}

/** Replaces the bundle again and again; gives what the process held all along. */
async function underLoad({ from, to, calls, bundle, gateway, findings }) {
  const resources = []
  const running = calls.start()
  for (let swap = from; swap <= to && gateway.isAlive(); swap += 1) {
    if (swap % 7 === 0) bundle.putBroken()
    else bundle.put(swap)
    gateway.reload()
    await delay(100)
    resources.push({ at: swap, ...gateway.resources() })
    if ((swap - from + 1) % Math.ceil((to - from + 1) / 10) === 0 && from > 1) {
      const { files, rss } = resources.at(-1)
      console.log(
        `${swap} swaps, ${calls.answers.size} calls: ${files} files open, RSS ${rss?.toFixed(0)} MiB`,
      )
    }
  }
  if (!gateway.isAlive()) findings.add('the gateway ended', gateway.lastLines())
  calls.stop()
  await running
  bundle.put(to)
  gateway.reload()
  await settled(gateway, bundle, findings)
  return resources
}

/** The bundle put last comes into force, however slow the machine is. */
async function settled(gateway, bundle, findings) {
  for (let left = 600; left > 0; left -= 1) {
    const report = await ask(gateway, '/readyz')
    if (report.includes(`"${bundle.inForce()}"`)) return
    await delay(100)
  }
  findings.add('the last bundle', `${bundle.inForce()} did not come into force`)
}

/** Over a connection that does not stay open. */
async function ask(gateway, path) {
  const { body } = await request(`${gateway.opsUrl}${path}`, { reset: true })
  return body.text()
}

/** What the process holds when it has nothing to do: files that were being read are closed by then. */
async function quiet(gateway) {
  let least = gateway.resources()
  for (let left = 20; left > 0; left -= 1) {
    await delay(100)
    const now = gateway.resources()
    if (now !== undefined && now.files < least.files) least = now
  }
  return least
}

function checkFiles(before, after, findings) {
  if (after.files > before.files) {
    findings.add('open files', `${before.files} before, ${after.files} after`)
  }
}

// The gateway collects garbage when it likes, so its memory is compared at its lowest: the last third of the run with
// the third before. The floor of a healthy run moved by less than half of this; a bundle kept by mistake is 2 MiB each.
const mostGrowth = 48

function checkMemory(resources, findings) {
  const third = Math.floor(resources.length / 3)
  const floor = (from) => Math.min(...resources.slice(from, from + third).map(({ rss }) => rss))
  const growth = floor(2 * third) - floor(third)
  if (growth > mostGrowth) findings.add('memory', `RSS grew by ${growth.toFixed(0)} MiB`)
}

async function checkMetrics(gateway, findings) {
  const text = await ask(gateway, '/metrics')
  const series = text.split('\n').filter((line) => line.startsWith('portcullis_bundle_info{'))
  if (series.length !== 1) findings.add('metrics', `${series.length} series of bundle_info`)
}

/** Every line of one call names the same revision, and the answer is one that this revision gives. */
function checkRecords(lines, answers, findings) {
  const calls = new Map()
  for (const line of lines) {
    const record = JSON.parse(line)
    if (record.call_id === undefined) continue
    const call = calls.get(record.call_id) ?? []
    call.push(record)
    calls.set(record.call_id, call)
  }
  const revisions = new Set()
  for (const records of calls.values()) {
    const own = new Set(records.map(({ revision }) => revision))
    own.forEach((revision) => revisions.add(revision))
    const story = records.map(({ type, hook, effect }) => `${hook ?? type} ${effect ?? ''}`.trim())
    if (own.size !== 1) findings.add('two revisions', JSON.stringify(records))
    const whole = ['pre deny,outcome', 'pre allow,post allow,outcome'].includes(story.join())
    if (!whole) findings.add('records of a call', story.join())
    const seen = answers.get(records[0].request_id)
    const parity = parityOf(records[0].revision)
    if (seen !== 'any' && seen !== parity) {
      findings.add('judged by another revision', `${seen}: ${JSON.stringify(records)}`)
    }
  }
  if (calls.size !== answers.size) {
    findings.add('calls on record', `${calls.size} of ${answers.size}`)
  }
  return { calls: calls.size, revisions: revisions.size, lines: lines.length }
}

function summary({ swaps, calls, undisturbed, records, resources, gateway, findings }) {
  const during = calls.measureAnew()
  const [p50, p99] = [0.5, 0.99].map((q) => round(during.quantile(q) / 1000))
  const [quietP50, quietP99] = [0.5, 0.99].map((q) => round(undisturbed.quantile(q) / 1000))
  const third = Math.floor(resources.length / 3)
  const shown = [
    resources[0],
    resources[third],
    resources[2 * third],
    resources.at(-2),
    resources.at(-1),
  ]
  console.log()
  printTable(shown.map(({ at, files, rss }) => ({ swaps: at, files, 'RSS, MiB': rss?.toFixed(0) })))
  console.log(`call without reloads: p50 ${quietP50} ms, p99 ${quietP99} ms`)
  console.log(`call under reloads: p50 ${p50} ms, p99 ${p99} ms (${round(p99 / quietP99)} times)`)
  console.log(`logged by the gateway: ${JSON.stringify(gateway.errors())}`)
  if (records.revisions < swaps / 10)
    findings.add('revisions', `only ${records.revisions} were met`)
  return {
    line: `${swaps} swaps, ${calls.answers.size} calls, ${records.revisions} revisions decided, ${records.lines} log lines, p99 ${round(p99 / quietP99)} times the quiet one`,
    findings: findings.lines(),
  }
}
