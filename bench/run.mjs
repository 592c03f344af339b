// The one runner of all benchmarks:
//   node bench/run.mjs [decisions|rules|table|guard|calls|redaction|masking|all] [--quick] [--rounds N] [--seconds N] [--core N] [--json FILE]
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { calls } from './calls.mjs'
import { decisions } from './decisions.mjs'
import { guard } from './guard.mjs'
import { machine } from './machine.mjs'
import { masking, redaction } from './redaction.mjs'
import { rules } from './rules.mjs'
import { table } from './table.mjs'

const benchmarks = { decisions, rules, table, guard, calls, redaction, masking }

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    core: { type: 'string' },
    json: { type: 'string' },
  },
})
const asked =
  positionals.length === 0 || positionals[0] === 'all' ? Object.keys(benchmarks) : positionals
const unknown = asked.filter((name) => !Object.hasOwn(benchmarks, name))
if (unknown.length > 0) {
  console.error(
    `no benchmark ${unknown.join(', ')}; there are ${Object.keys(benchmarks).join(', ')}`,
  )
  process.exit(2)
}

const report = {
  time: new Date().toISOString(),
  machine: machine(),
  quick: values.quick,
  results: {},
}
console.log(`${report.machine.cpu}, ${report.machine.cores} cores, Node ${report.machine.node}`)
if (values.quick) console.log('quick run: it shows that everything works, its numbers mean little')
for (const name of asked) {
  const options = {
    quick: values.quick,
    core: values.core,
    rounds: numberOf('rounds', values.rounds),
    seconds: numberOf('seconds', values.seconds),
  }
  console.log(`\n## ${name}\n`)
  report.results[name] = await benchmarks[name](options)
}
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`)

function numberOf(name, text) {
  if (text === undefined) return undefined
  const number = Number(text)
  if (number > 0) return number
  console.error(`--${name} takes a number above 0`)
  process.exit(2)
}
