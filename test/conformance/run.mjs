// The official conformance runner against the everything server, directly and through the gateway:
//   node test/conformance/run.mjs [http|stdio|named|aggregated]… [--gateway dist/main.js]
import console from 'node:console'
import { readFileSync } from 'node:fs'
import process from 'node:process'
import { fileURLToPath, URL } from 'node:url'
import { parseArgs } from 'node:util'
import { startEverything } from '../support/everything/http.mjs'
import { differencesBetween, reasonFor, tallyOf } from './compare.mjs'
import { runConformance } from './official-runner.mjs'
import { runnerNode } from './runner-node.mjs'
import { targets } from './targets.mjs'

// What the server itself has to reach; the 30 are the extension for tasks, which is not scored.
const revisions = [
  { revision: '2025-11-25', passed: 84, failed: 0 },
  { revision: '2026-07-28', passed: 164, failed: 30 },
]
const expected = JSON.parse(readFileSync(new URL('expected-differences.json', import.meta.url)))

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    gateway: {
      type: 'string',
      default: fileURLToPath(new URL('../../dist/main.js', import.meta.url)),
    },
  },
})
const unknown = positionals.filter((name) => !targets.some((target) => target.name === name))
if (unknown.length > 0) {
  console.error(
    `no target ${unknown.join(', ')}; there are ${targets.map(({ name }) => name).join(', ')}`,
  )
  process.exit(2)
}
const asked =
  positionals.length === 0 ? targets : targets.filter(({ name }) => positionals.includes(name))

const node = runnerNode()
const everything = await startEverything()
const failures = []
try {
  const direct = await runDirectly()
  for (const target of asked) await compareWith(target, direct)
} finally {
  await everything.close()
}
for (const failure of failures) console.log(`FAILED ${failure}`)
console.log(failures.length === 0 ? '\npassed' : '\nfailed')
process.exit(failures.length === 0 ? 0 : 1)

async function runDirectly() {
  console.log('\n## the everything server, directly\n')
  const results = new Map()
  for (const { revision, passed, failed } of revisions) {
    const { conformant, checks } = await runConformance({ node, url: everything.url, revision })
    const tally = tallyOf(checks)
    console.log(line(revision, tally))
    if (!conformant || tally.SUCCESS < passed || tally.FAILURE > failed) {
      failures.push(`directly, ${revision}: expected ${passed} passed and ${failed} failed`)
    }
    results.set(revision, checks)
  }
  return results
}

async function compareWith(target, direct) {
  console.log(`\n## ${target.name}: ${target.about}\n`)
  let gateway
  try {
    gateway = await target.start({ main: values.gateway, url: everything.url })
  } catch (error) {
    console.log(error.message)
    failures.push(`${target.name}: it did not start`)
    return
  }
  try {
    for (const { revision } of revisions) {
      const { checks } = await runConformance({ node, url: gateway.url, revision })
      report({ target, revision, direct: direct.get(revision), through: checks })
    }
    const { pre, post } = gateway.decisions()
    console.log(`policy decided ${pre} times before and ${post} times after`)
    if (pre === 0 || post === 0) failures.push(`${target.name}: policy was not asked`)
    for (const error of gateway.errors()) console.log(error)
  } finally {
    await gateway.close()
  }
}

function report({ target, revision, direct, through }) {
  const differences = differencesBetween(direct, through)
  const count = differences.length === 0 ? 'none' : String(differences.length)
  console.log(`${line(revision, tallyOf(through))}; differences: ${count}`)
  let unexpected = 0
  for (const difference of differences) {
    const reason = reasonFor({ target: target.name, revision, difference }, expected)
    if (reason === undefined) unexpected += 1
    const { check, direct: before, through: after, message } = difference
    console.log(`  ${reason === undefined ? '!' : '~'} ${check}: ${before} -> ${after}`)
    console.log(`      ${reason ?? message ?? 'no message'}`)
  }
  if (unexpected > 0) {
    failures.push(`${target.name}, ${revision}: ${unexpected} checks are not as directly`)
  }
}

function line(revision, { SUCCESS, FAILURE, WARNING, INFO, SKIPPED }) {
  const others = `${WARNING} warnings, ${INFO} infos, ${SKIPPED} skipped`
  return `${revision}: ${SUCCESS} passed, ${FAILURE} failed, ${others}`
}
