import { readFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'

/** What the numbers depend on. */
export function machine() {
  const all = cpus()
  return {
    cpu: all[0]?.model ?? 'unknown',
    cores: all.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
  }
}

/** CPU time that a process has used, its threads included, in microseconds. */
export function cpuUs(pid) {
  // The second field is the name in brackets and may hold anything; the others come after the last bracket.
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * microsecondsATick
}

// Fixed at 100 a second for everything that Linux shows to programs.
const microsecondsATick = 10_000

/** Memory that a process holds, in MiB. */
export function residentMiB(pid) {
  const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1])
  return (pages * 4096) / 2 ** 20
}
