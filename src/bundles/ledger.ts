import { join } from 'node:path'
import { z } from 'zod'
import type { Bundle } from '../domain/bundle.js'
import { PolicySupplyError } from '../domain/errors.js'
import { fileNameOf, readKept, replaceFile } from './kept-file.js'

/** How new the bundles are that were accepted, so that none is set back to an older one that was signed as well. */
export interface Ledger {
  /**
   * Whether the bundle is older than the last accepted one of that member, which is allowed here.
   * @throws PolicySupplyError `signature` where it is older, or cannot be told to be newer, and that is not allowed
   */
  isOlder(member: string, bundle: Bundle, pinned: boolean): Promise<boolean>
  /**
   * The bundle comes into force. It counts for this process even where it cannot be written.
   * @throws Error of the file system
   */
  accept(member: string, bundle: Bundle, pinned: boolean): Promise<void>
}

export interface LedgerOptions {
  /** Where it is kept over a restart; undefined: for the life of this process. */
  readonly folder: string | undefined
  readonly allowRollback: boolean
}

/** What says how new a bundle is: each only ever rises. */
interface Age {
  /** Signed: seconds since the epoch. */
  readonly issuedAt?: number | undefined
  /** `metadata.serial` of the manifest. */
  readonly serial?: number | undefined
}

export function createLedger({ folder, allowRollback }: LedgerOptions): Ledger {
  const accepted = new Map<string, Age>()
  const files = folder === undefined ? undefined : ageFiles(folder)

  /** Other processes may have gone further than this one, which never falls behind itself. */
  async function last(member: string): Promise<Known> {
    const kept = (await files?.read(member)) ?? {}
    return kept instanceof PolicySupplyError ? kept : newest(accepted.get(member) ?? {}, kept)
  }

  return {
    async isOlder(member, bundle, pinned) {
      const age = ageOf(bundle, pinned)
      const before = await last(member)
      const fault = before instanceof PolicySupplyError ? before : backward(before, age)
      if (fault === undefined) return false
      if (allowRollback) return true
      throw fault
    },
    async accept(member, bundle, pinned) {
      const age = ageOf(bundle, pinned)
      const before = await last(member)
      const goesBack = before instanceof PolicySupplyError || backward(before, age) !== undefined
      const next = goesBack && allowRollback ? age : newest(known(before), age)
      accepted.set(member, next)
      if (goesBack || !isSame(known(before), next)) await files?.write(member, next)
    },
  }
}

/** What was accepted last, or why that cannot be told. */
type Known = Age | PolicySupplyError

function known(last: Known): Age {
  return last instanceof PolicySupplyError ? {} : last
}

/** Only what is signed or pinned can be believed. */
function ageOf({ signer, metadata }: Bundle, pinned: boolean): Age {
  if (signer === undefined && !pinned) return {}
  return { issuedAt: signer?.issuedAt, serial: serialOf(metadata['serial']) }
}

function serialOf(serial: unknown): number | undefined {
  if (serial === undefined) return undefined
  if (Number.isSafeInteger(serial)) return Number(serial)
  throw new PolicySupplyError(
    'check',
    `The metadata.serial in the bundle's .manifest is ${JSON.stringify(serial)}: write a whole number that rises with each bundle`,
  )
}

/** Why one may not follow the other; undefined where it may. */
function backward(last: Age, age: Age): PolicySupplyError | undefined {
  for (const { key, name } of measures) {
    const [was, is] = [last[key], age[key]]
    if (was !== undefined && is !== undefined && is < was) {
      const [now, before] = [shown(key, is), shown(key, was)]
      return refuse(
        `is older than the last accepted one: its ${name} is ${now}, and it was ${before}`,
      )
    }
  }
  const recorded = measures.filter(({ key }) => last[key] !== undefined)
  if (recorded.length === 0 || recorded.some(({ key }) => age[key] !== undefined)) return undefined
  const had = recorded.map(({ key, name }) => `${name} ${shown(key, last[key])}`).join(' and ')
  return refuse(
    `does not say how new it is in a way that is signed or pinned, and the last accepted one had ${had}`,
  )
}

/** As it stands in the signature or the manifest, a time also as people read it. */
function shown(key: keyof Age, value: number | undefined): string {
  const time = new Date(key === 'issuedAt' ? (value ?? NaN) * 1000 : NaN)
  return Number.isNaN(time.getTime()) ? String(value) : `${value} (${time.toISOString()})`
}

function newest(one: Age, other: Age): Age {
  return {
    issuedAt: higher(one.issuedAt, other.issuedAt),
    serial: higher(one.serial, other.serial),
  }
}

function higher(one: number | undefined, other: number | undefined): number | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return Math.max(one, other)
}

function isSame(one: Age, other: Age): boolean {
  return one.issuedAt === other.issuedAt && one.serial === other.serial
}

function ageFiles(folder: string) {
  return {
    async read(member: string): Promise<Known> {
      const name = fileNameOf(member, fileEnding)
      try {
        const text = await readKept(folder, name, longestAgeFile)
        if (text === undefined) return {}
        const kept = ageFile.parse(JSON.parse(text.toString()))
        return { issuedAt: kept.issued_at, serial: kept.serial }
      } catch (fault) {
        return damaged(join(folder, name), fault)
      }
    },
    write(member: string, { issuedAt, serial }: Age): Promise<void> {
      const text = JSON.stringify({ bundle: member, issued_at: issuedAt, serial })
      return replaceFile(folder, fileNameOf(member, fileEnding), Buffer.from(`${text}\n`))
    },
  }
}

/** It may have been damaged in order to go back, so nothing is accepted on top of it. */
function damaged(path: string, cause: unknown): PolicySupplyError {
  return new PolicySupplyError(
    'signature',
    `The record of the last accepted bundle, ${path}, cannot be read, so that no bundle can be told to be newer: ` +
      'delete it (the next good bundle is then accepted whatever its age), or set POLICY_ALLOW_ROLLBACK=true for one start',
    { cause },
  )
}

function refuse(what: string): PolicySupplyError {
  return new PolicySupplyError(
    'signature',
    `The bundle ${what}. To go back to it all the same, set POLICY_ALLOW_ROLLBACK=true for one start`,
  )
}

const measures = [
  { key: 'issuedAt', name: 'signed iat' },
  { key: 'serial', name: 'metadata.serial' },
] as const
const fileEnding = '.accepted.json'
const longestAgeFile = 64 * 1024
const ageFile = z.strictObject({
  bundle: z.string(),
  issued_at: z.number().optional(),
  serial: z.number().optional(),
})
