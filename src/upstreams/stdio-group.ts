import { setTimeout as delay } from 'node:timers/promises'

/**
 * Signals every process of the group that `pid` leads; 0 only asks.
 * @returns false where none is left
 */
export function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-pid, signal)
    return true
  } catch (thrown) {
    return !(thrown instanceof Error && 'code' in thrown && thrown.code === 'ESRCH')
  }
}

/** Ends a process group: SIGTERM, and after `graceMs` SIGKILL for what is left. Waits hardly longer than that. */
export async function endGroup(pid: number, graceMs: number): Promise<void> {
  if (!signalGroup(pid, 'SIGTERM') || (await hasGone(pid, graceMs))) return
  signalGroup(pid, 'SIGKILL')
  await hasGone(pid, killMs)
}

/** Nothing outlives SIGKILL for longer, unless nobody collects what has ended (no init process), milliseconds. */
const killMs = 250

async function hasGone(pid: number, waitMs: number): Promise<boolean> {
  const deadline = performance.now() + waitMs
  while (performance.now() < deadline) {
    await delay(pollMs)
    if (!signalGroup(pid, 0)) return true
  }
  return false
}

const pollMs = 20
