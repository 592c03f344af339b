import { readFileSync } from 'node:fs'

/** How many files this process may have open, where the system says so (Linux); else Infinity. */
export function fileLimit(): number {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8')
    const soft = /^Max open files\s+(\d+)/m.exec(limits)?.[1]
    return soft === undefined ? Infinity : Number(soft)
  } catch {
    return Infinity
  }
}
