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

/** Ends a process group: SIGTERM, and after `graceMs` SIGKILL for what is left. Waits no longer than that twice. */
export async function endGroup(pid: number, graceMs: number): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    if (!signalGroup(pid, signal) || (await hasGone(pid, graceMs))) return
  }
}

async function hasGone(pid: number, waitMs: number): Promise<boolean> {
  const deadline = performance.now() + waitMs
  while (performance.now() < deadline) {
    await delay(pollMs)
    if (!signalGroup(pid, 0)) return true
  }
  return false
}

const pollMs = 20
