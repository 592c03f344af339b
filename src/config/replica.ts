import { hash, randomBytes } from 'node:crypto'

/** A name for this process: the same host has the same beginning, and a restart is another process. */
export function replicaName(hostName: string): string {
  return `${hash('sha256', hostName).slice(0, 8)}-${randomBytes(8).toString('hex')}`
}
