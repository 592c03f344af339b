/* global WebAssembly */
import { meterModule } from '../dist/policy/metering/meter.js'
import { openMetered, openModule } from './guard-host.mjs'
import { laborious, stopByFuel, workOf } from './guard-stop.mjs'
import { median, quantile, round, sorted } from './statistics.mjs'

const kinds = [
  ...['pairs', 'tables', 'texts', 'searches', 'matches', 'globs', 'sorts'],
  ...['walks', 'networks', 'objects', 'sums', 'sets', 'documents', 'rules'],
]

/** How much fuel each kind of work takes a millisecond for, and when a budget of it stops the work, warm and cold. */
export async function rates(quick) {
  const { wasm, data } = await laborious()
  const code = new WebAssembly.Module(meterModule(wasm).wasm)
  const plain = openModule(new WebAssembly.Module(wasm), data)
  return kinds.map((kind, index) => {
    const metered = openMetered(code, data)
    const size = sizeOf(plain, kind, quick ? 0.2 : 2)
    const input = workOf(kind, size)
    const times = { plain: [], metered: [] }
    for (let turn = quick ? 3 : 60; turn > 0; turn -= 1) {
      times.plain.push(timeOf(() => plain.evaluate(input)))
      times.metered.push(timeOf(() => metered.evaluate(input, plenty)))
    }
    const fuel = Number(plenty - metered.left())
    const warm = Array.from({ length: quick ? 1 : 9 }, () =>
      stopByFuel(metered, workOf(kind, 3000)),
    )
    const cold = openMetered(new WebAssembly.Module(meterModule(another(wasm, index)).wasm), data)
    return {
      kind,
      rate: fuel / quarter(times.metered),
      overhead: quarter(times.metered) / quarter(times.plain) - 1,
      warm: median(warm.map(({ stopped }) => stopped)),
      cold: stopByFuel(cold, workOf(kind, 3000)).stopped,
    }
  })
}

const plenty = 1n << 60n

/** The lower quartile: what neighbours take from the machine is not the work's. */
function quarter(values) {
  return quantile(sorted(values), 0.25)
}

/** So much of the work that it takes about this long. */
function sizeOf({ evaluate }, kind, ms) {
  let n = 8
  while (n < 400 && timeOf(() => evaluate(workOf(kind, n))) < ms) n = Math.ceil(n * 1.2)
  return n
}

function timeOf(run) {
  const started = performance.now()
  run()
  return performance.now() - started
}

/** The same module to everybody but the runtime, which has no machine code of it yet. */
function another(wasm, index) {
  return Buffer.concat([wasm, Buffer.from([0, 3, 1, 0x78, index])])
}

export function rateRow({ kind, rate, overhead, warm, cold }) {
  return {
    work: kind,
    'fuel a ms, millions': round(rate / 1e6),
    'metering costs': `${round(overhead * 100)} %`,
    'budget of 25 ms lasts, warm': round(warm),
    cold: round(cold),
  }
}
