// One case of redaction.mjs, in a process of its own.
import { parseFieldPath } from '../dist/domain/field-path.js'
import { applyObligations } from '../dist/pipeline/oblige.js'
import { createPatterns } from '../dist/policy/patterns.js'
import { rowsOf, toolResult } from './messages.mjs'
import { quantile, sorted } from './statistics.mjs'

const { kind, sizeKB, quick } = JSON.parse(process.argv[2])
const patterns = createPatterns()
const secrets = (index) => ({ employee: { salary: 1000 * index, ssn: `000-00-${index}` } })
const line = (word) => `A line of a log, as a terminal would show it, ${word} in it.\n`
const coloured = line('\u001B[31mwith a red word\u001B[0m')
const plain = line('with a red word')

const bytes = sizeKB * 1024
const { text, span, isError } = toolResult(resultOf())
const work = {
  text,
  root: { name: 'response', span, isError },
  obligations: [obligationOf()].filter((obligation) => obligation !== undefined),
  patterns,
}

const repetitions = quick ? 3 : Math.max(20, 20_000 / sizeKB)
const wall = []
const blocked = []
let places = 0
const baseline = await warmUp()
for (let index = 0; index < repetitions; index += 1) {
  const started = performance.now()
  const loop = performance.eventLoopUtilization()
  const applied = kind === 'parse and print' ? parsedAndPrinted() : await applyObligations(work)
  blocked.push(performance.eventLoopUtilization(loop).active)
  wall.push(performance.now() - started)
  places = applied.matched[0]
  check(applied)
}
const addedMiB = (process.resourceUsage().maxRSS - baseline) / 1024
process.send({ places, wallMs: quantilesOf(wall), blockedMs: quantilesOf(blocked), addedMiB })
await patterns.close()
process.disconnect()

/** Loads code and starts the worker, on a small message; gives the resident memory then, in KiB. */
async function warmUp() {
  const small = toolResult({ content: [{ type: 'text', text: coloured }] })
  const root = { name: 'response', span: small.span, isError: false }
  const lenient = work.obligations.map((each) => ({
    ...each,
    onUnreadable: 'pass',
    onMissing: 'pass',
  }))
  for (let index = 0; index < 200; index += 1)
    await applyObligations({ ...work, text: small.text, root, obligations: lenient })
  return process.resourceUsage().maxRSS
}

function resultOf() {
  switch (kind) {
    case 'replace':
      return { content: [{ type: 'text', text: repeated(coloured) }] }
    case 'replace without a match':
      return { content: [{ type: 'text', text: repeated(plain) }] }
    case 'parse and print':
    case 'mask':
    case 'mask, partly':
    case 'mask by hash':
    case 'mask by 250 paths':
    case 'filter':
      return { content: [], structuredContent: { rows: rowsOf(bytes, secrets) } }
    case 'mask in text':
      return { content: [{ type: 'text', text: JSON.stringify(rowsOf(bytes, secrets)) }] }
  }
}

function obligationOf() {
  const paths = ['salary', 'ssn'].map(parseFieldPath)
  const hiding = { paths, onUnreadable: 'deny', onMissing: 'deny' }
  const masking = { type: 'mask', style: { type: 'text', text: '****' }, ...hiding }
  switch (kind) {
    case 'parse and print':
      return undefined
    case 'replace':
    case 'replace without a match':
      return {
        type: 'replace',
        path: parseFieldPath('response.**'),
        pattern: patterns.compile('\\u001B\\[[0-9;]*m'),
        with: '',
      }
    case 'filter':
      return { type: 'filter', ...hiding }
    case 'mask':
    case 'mask in text':
      return masking
    case 'mask, partly':
      return { ...masking, style: { type: 'partial', keep: 1 } }
    case 'mask by hash':
      return { ...masking, style: { type: 'hash', salt: 'salt' } }
    case 'mask by 250 paths': {
      const others = Array.from({ length: 248 }, (_, index) => parseFieldPath(`other${index}.x`))
      return { ...masking, paths: [...paths, ...others], onMissing: 'pass' }
    }
  }
}

/** What every way that reads a result as a value has to do, without hiding anything. */
function parsedAndPrinted() {
  return {
    text: Buffer.from(JSON.stringify(JSON.parse(text.toString()))),
    changed: true,
    matched: [0],
  }
}

/** A fast redaction that leaves something would be worth nothing. */
function check(applied) {
  if (kind === 'parse and print') return
  const after = applied.text.toString()
  const isClean = kind.startsWith('replace') ? !after.includes('u001b') : !after.includes('000-00-')
  if (!isClean || applied.changed === (kind === 'replace without a match')) {
    throw new Error(`${kind} did not do its work`)
  }
}

function repeated(line) {
  return line.repeat(Math.ceil(bytes / Buffer.byteLength(line)))
}

function quantilesOf(values) {
  const ordered = sorted(values)
  return { p50: quantile(ordered, 0.5), p99: quantile(ordered, 0.99) }
}
