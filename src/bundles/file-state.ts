import type { BigIntStats } from 'node:fs'
import { stat } from 'node:fs/promises'
import { PolicySupplyError } from '../domain/errors.js'

/**
 * The file, or what a link leads to.
 * @param what it is: `bundle`
 * @throws PolicySupplyError `absent` or `archive`
 */
export async function statOf(what: string, file: string): Promise<BigIntStats> {
  return stat(file, { bigint: true }).catch((fault: unknown) => {
    throw asReadFault(what, file, fault)
  })
}

/** What is there and cannot be read is a policy that is refused; only what is not there is absent. */
export function asReadFault(what: string, file: string, fault: unknown): PolicySupplyError {
  const code = fault instanceof Error && 'code' in fault ? String(fault.code) : 'unknown fault'
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new PolicySupplyError('absent', `There is no ${what} at ${file}`, { cause: fault })
  }
  return new PolicySupplyError('archive', `The ${what} ${file} cannot be read (${code})`, {
    cause: fault,
  })
}

/** Whether it can be over without any change of the file, as on a file system that is flaky. */
export function mayPass(fault: unknown): boolean {
  const cause = fault instanceof Error ? fault.cause : undefined
  return cause instanceof Error && 'code' in cause && !lasting.has(String(cause.code))
}

const lasting: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'ELOOP'])

/** Tells this state of a file from others. */
export function printOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ')
}

/** Two writes within one tick of the file system's clock, which may be another machine's, leave the same times. */
export function isYoung({ ctimeMs }: BigIntStats): boolean {
  return Math.abs(Date.now() - Number(ctimeMs)) < clockTickMs
}

const clockTickMs = 100
