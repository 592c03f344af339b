// Everything that must still be right after a long time:
//   node soak/run.mjs [reloads|load|fuzz|streams]… [--quick] [--seed N]
import { spawnSync } from 'node:child_process'
import console from 'node:console'
import { performance } from 'node:perf_hooks'
import process from 'node:process'
import { parseArgs } from 'node:util'

// Memory can be compared only after garbage was collected.
if (globalThis.gc === undefined) {
  const args = [...process.execArgv, '--expose-gc', ...process.argv.slice(1)]
  process.exit(spawnSync(process.execPath, args, { stdio: 'inherit' }).status ?? 1)
}

const sizes = {
  whole: {
    reloads: { reloads: 2_000, decisions: 1_000_000 },
    load: { swaps: 1_200 },
    fuzz: { bodies: 50_000 },
    streams: { count: 9_000, excess: 1_500 },
  },
  quick: {
    reloads: { reloads: 100, decisions: 10_000 },
    load: { swaps: 50 },
    fuzz: { bodies: 2_000 },
    streams: { count: 500, excess: 0 },
  },
}
const parts = {
  reloads: async (options) => (await import('./reloads.mjs')).reloads(options),
  load: async (options) => (await import('./load.mjs')).load(options),
  fuzz: async (options) => (await import('./fuzz.mjs')).fuzz(options),
  streams: async (options) => (await import('./streams.mjs')).streams(options),
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean', default: false }, seed: { type: 'string', default: '1' } },
})
const asked = positionals.length === 0 ? Object.keys(parts) : positionals
const unknown = asked.filter((name) => !Object.hasOwn(parts, name))
if (unknown.length > 0) {
  console.error(`no part ${unknown.join(', ')}; there are ${Object.keys(parts).join(', ')}`)
  process.exit(2)
}

const lines = []
let failed = false
for (const name of asked) {
  console.log(`\n## ${name}\n`)
  const started = performance.now()
  const options = { ...sizes[values.quick ? 'quick' : 'whole'][name], seed: Number(values.seed) }
  const { line, findings } = await parts[name](options)
  for (const finding of findings) console.log(`FAILED ${finding}`)
  const seconds = Math.round((performance.now() - started) / 1000)
  const verdict = findings.length === 0 ? 'passed' : 'FAILED'
  failed ||= findings.length > 0
  lines.push(`${verdict}  ${name}: ${line}; ${seconds} s`)
}
console.log(`\n## summary (seed ${values.seed})\n\n${lines.join('\n')}`)
process.exit(failed ? 1 : 0)
