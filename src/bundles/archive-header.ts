import { PolicySupplyError } from '../domain/errors.js'
import { describeBytes } from './media.js'

/** A header block of a tar that says what this build reads. */
export interface TarHeader {
  readonly type: 'file' | 'folder' | 'pax' | 'pax-global' | 'gnu-long-name'
  /** As it is written, the prefix included. */
  readonly name: string
  readonly size: number
}

export const blockSize = 512

/** @throws PolicySupplyError `archive` */
export function readHeader(block: Buffer, isFirst: boolean): TarHeader {
  const magic = block.toString('latin1', 257, 265)
  if (magic !== posixMagic && magic !== gnuMagic) {
    if (isFirst && !magic.startsWith('ustar'))
      throw refuse(`is not a tar: unpacked, it ${describeBytes(block)}`)
    throw damaged()
  }
  if (octal(block, 148, 156) !== checksum(block)) throw damaged()
  const name = text(block, 0, 100)
  const prefix = magic === posixMagic ? text(block, 345, 500) : ''
  const whole = prefix === '' ? name : `${prefix}/${name}`
  return { type: typeOf(block, whole), name: whole, size: sizeOf(block, whole) }
}

export function isZero(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0)
}

function typeOf(block: Buffer, name: string): TarHeader['type'] {
  const flag = String.fromCharCode(block[156] ?? 0)
  const type = readTypes[flag]
  if (type !== undefined) return type
  throw refuse(
    `has an entry that is neither a file nor a folder: ${shown(name)} (${otherTypes[flag] ?? `type ${shown(flag)}`}). ` +
      'Links and devices are not followed: put the file itself into the bundle',
  )
}

function sizeOf(block: Buffer, name: string): number {
  const size = octal(block, 124, 136)
  if (size !== undefined) return size
  throw refuse(`has an entry of a size that is no octal number: ${shown(name)}`)
}

/** Undefined for what is not octal digits between blanks: GNU's binary numbers are for entries that no bundle has. */
function octal(block: Buffer, start: number, end: number): number | undefined {
  const digits = /^ *([0-7]+)[ \0]*$/.exec(block.toString('latin1', start, end))?.[1]
  return digits === undefined ? undefined : Number.parseInt(digits, 8)
}

/** The sum of all bytes, with blanks for the sum itself. */
function checksum(block: Buffer): number {
  let sum = 8 * 0x20
  for (const [at, byte] of block.entries()) if (at < 148 || at >= 156) sum += byte
  return sum
}

function text(block: Buffer, start: number, end: number): string {
  const zero = block.indexOf(0, start)
  return block.toString('utf8', start, zero === -1 || zero > end ? end : zero)
}

function shown(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name)
}

function damaged(): PolicySupplyError {
  return refuse('is damaged: its tar has an entry that cannot be read')
}

function refuse(what: string): PolicySupplyError {
  return new PolicySupplyError('archive', `The bundle ${what}`)
}

const posixMagic = 'ustar\x0000'
const gnuMagic = 'ustar  \0'

const readTypes: Readonly<Record<string, TarHeader['type']>> = {
  '0': 'file',
  '\0': 'file',
  '5': 'folder',
  x: 'pax',
  g: 'pax-global',
  L: 'gnu-long-name',
}

const otherTypes: Readonly<Record<string, string>> = {
  '1': 'hard link',
  '2': 'symlink',
  '3': 'character device',
  '4': 'block device',
  '6': 'fifo',
  '7': 'contiguous file',
  D: 'folder listing',
  K: 'long link',
  M: 'part of another archive',
  S: 'sparse file',
  V: 'volume label',
}
