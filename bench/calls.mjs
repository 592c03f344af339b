import { openClient } from './load.mjs'
import { cpuUs, residentMiB } from './machine.mjs'
import { median, printTable, quantile, round, sorted } from './statistics.mjs'
import { startTargets } from './targets.mjs'

const connectionCounts = [1, 8, 32]

/** tools/call end to end, through nothing, through the control and through Portcullis. */
export async function calls({ quick, core, rounds = quick ? 1 : 5, seconds = quick ? 0.3 : 5 }) {
  const { targets, recorded, stop } = await startTargets({ core })
  try {
    const measured = []
    for (const connections of connectionCounts) {
      measured.push(...(await measureAll(targets, { connections, rounds, seconds })))
    }
    checkRecords(measured, recorded())
    const results = measured.map((result) => compare(result, measured))
    printTable(results.map(row))
    return results
  } finally {
    await stop()
  }
}

/** Round by round through all targets, each round from another one on, so that no one has the quiet moments. */
async function measureAll(targets, { connections, rounds, seconds }) {
  const runs = targets.map((target) => ({ target, rounds: [], calls: 0 }))
  const clients = await Promise.all(targets.map(({ url }) => openClient(url, connections)))
  for (const client of clients) await client.run(seconds / 2)
  for (let index = 0; index < rounds; index += 1) {
    for (let step = 0; step < targets.length; step += 1) {
      const at = (index + step) % targets.length
      runs[at].rounds.push(await measureRound(targets[at], clients[at], seconds))
    }
  }
  await Promise.all(clients.map((client) => client.close()))
  return runs.map(({ target, rounds: taken }, at) => ({
    name: target.name,
    connections,
    calls: clients[at].calls(),
    ...mediansOf(taken),
    residentMiB: target.pid === undefined ? undefined : residentMiB(target.pid),
  }))
}

async function measureRound({ pid }, client, seconds) {
  const before = pid === undefined ? undefined : cpuUs(pid)
  const { latencies, seconds: taken } = await client.run(seconds)
  const used = pid === undefined ? undefined : cpuUs(pid) - before
  const ordered = sorted(latencies)
  return {
    rate: latencies.length / taken,
    p50Us: quantile(ordered, 0.5),
    p99Us: quantile(ordered, 0.99),
    cpuUs: used === undefined ? undefined : used / latencies.length,
  }
}

function mediansOf(rounds) {
  const of = (member) =>
    rounds[0][member] === undefined ? undefined : median(rounds.map((taken) => taken[member]))
  return { rate: of('rate'), p50Us: of('p50Us'), p99Us: of('p99Us'), cpuUs: of('cpuUs') }
}

/** A benchmark of a gateway that loses records would measure something else. */
function checkRecords(measured, recorded) {
  const logged = measured.filter(({ name }) => name === 'enforce + log')
  const expected = logged.reduce((sum, { calls: made }) => sum + made, 0)
  if (recorded !== expected) throw new Error(`${expected} calls were made and ${recorded} recorded`)
}

function compare(result, all) {
  const peer = (name) =>
    all.find((other) => other.name === name && other.connections === result.connections)
  const control = peer('control')
  return {
    ...result,
    addedP50Us: result.p50Us - peer('direct').p50Us,
    rateToControl: result.rate / control.rate,
    cpuToControl: result.cpuUs === undefined ? undefined : result.cpuUs / control.cpuUs,
  }
}

function row(result) {
  const shown = (value) => (value === undefined ? '–' : round(value))
  return {
    connections: result.connections,
    through: result.name,
    'calls/s': shown(result.rate),
    'p50 µs': shown(result.p50Us),
    'added µs': shown(result.addedP50Us),
    'p99 µs': shown(result.p99Us),
    'CPU µs/call': shown(result.cpuUs),
    'CPU : control': shown(result.cpuToControl),
    'calls/s : control': shown(result.rateToControl),
    'RSS MiB': shown(result.residentMiB),
  }
}
