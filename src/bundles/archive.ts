import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { extract, type Header } from 'tar-stream'
import type { Bundle } from '../domain/bundle.js'
import { PolicySupplyError } from '../domain/errors.js'
import { isRead, readContents } from './contents.js'
import { entryName } from './entry-name.js'
import { digestOf } from './hash.js'
import { describeBytes } from './media.js'

export interface ArchiveLimits {
  /** Bytes of the archive; unpacked it may have four times as many. */
  readonly maxBytes: number
}

/**
 * Unpacks and checks a bundle, a gzip-compressed tar, in memory. It stops at the first byte over a limit.
 * @throws PolicySupplyError `archive` (cannot be unpacked) or `check` (unpacked, but not a bundle for this build)
 */
export async function readArchive(archive: Buffer, limits: ArchiveLimits): Promise<Bundle> {
  if (archive.length > limits.maxBytes) {
    throw refuse(
      `has ${archive.length} bytes, over the limit of ${limits.maxBytes} (POLICY_BUNDLE_MAX_BYTES)`,
    )
  }
  if (archive[0] !== 0x1f || archive[1] !== 0x8b) {
    throw refuse(`is not a gzip-compressed tar: it ${describeBytes(archive)}`)
  }
  const unpacked = await unpack(archive, limits.maxBytes * unpackedFactor)
  const contents = readContents(unpacked.files)
  const digest = digestOf(archive)
  return {
    ...contents,
    revision: contents.revision ?? digest.slice(0, 12),
    digest,
    sizes: { archive: archive.length, unpacked: unpacked.bytes, entries: unpacked.entries },
  }
}

interface Unpacked {
  /** Only what bundles are read from; other files are passed over. */
  readonly files: ReadonlyMap<string, Buffer>
  readonly bytes: number
  readonly entries: number
}

async function unpack(archive: Buffer, maxBytes: number): Promise<Unpacked> {
  const gunzip = createGunzip({ chunkSize: 256 * 1024 })
  const meter = createMeter(maxBytes)
  const tar = extract()
  const taken = takeEntries(maxBytes)
  tar.on('entry', (header, stream, next) => {
    stream.on('error', () => undefined) // it fails with the whole pipeline, which says why
    taken.take(header, stream).then(
      () => next(),
      (fault: unknown) => next(asRefusal(fault, meter.first())),
    )
  })
  try {
    await pipeline([archive], gunzip, (chunks: AsyncIterable<Buffer>) => meter.measure(chunks), tar)
  } catch (thrown) {
    throw asRefusal(thrown, meter.first())
  }
  if (gunzip.bytesWritten !== archive.length) throw refuse('has bytes after the end of its gzip')
  if (taken.entries() === 0) throw refuse('is an empty tar')
  return { files: taken.files, bytes: meter.bytes(), entries: taken.entries() }
}

function createMeter(maxBytes: number) {
  let total = 0
  let first: Buffer = Buffer.alloc(0)
  return {
    bytes: () => total,
    /** How the unpacked bytes begin. */
    first: () => first,
    async *measure(chunks: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
      for await (const chunk of chunks) {
        if (total === 0) first = Buffer.from(chunk.subarray(0, 512))
        total += chunk.length
        if (total > maxBytes) throw tooLarge(maxBytes)
        yield chunk
      }
    },
  }
}

function takeEntries(maxBytes: number) {
  const files = new Map<string, Buffer>()
  const names = new Map<string, 'file' | 'directory'>()
  let entries = 0

  async function take(header: Header, stream: AsyncIterable<unknown>): Promise<void> {
    entries += 1
    if (entries > maxEntries) throw refuse(`has more than ${maxEntries} entries`)
    const name = entryName(header.name)
    const type = checkedType(header, name)
    if (names.has(name) && (type === 'file' || names.get(name) === 'file')) {
      throw refuse(`has two entries named ${name}`)
    }
    names.set(name, type)
    if (header.size > maxBytes) throw tooLarge(maxBytes)
    const isKept = type === 'file' && isRead(name)
    const content = await collect(stream, isKept)
    if (isKept) files.set(name, content)
  }

  return { files, take, entries: () => entries }
}

function checkedType(header: Header, name: string): 'file' | 'directory' {
  const { type } = header
  if (type === 'directory') return 'directory'
  if (type === 'file' && name !== '') return 'file'
  throw refuse(
    `has an entry that is neither a file nor a folder: ${name} (${type}). ` +
      'Links and devices are not followed: put the file itself into the bundle',
  )
}

/** Reads an entry to its end, which the next one waits for, whether it is kept or not. */
async function collect(stream: AsyncIterable<unknown>, isKept: boolean): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) if (isKept && Buffer.isBuffer(chunk)) chunks.push(chunk)
  return Buffer.concat(chunks)
}

function asRefusal(thrown: unknown, unpackedStart: Buffer): PolicySupplyError {
  if (thrown instanceof PolicySupplyError) return thrown
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined
  if (code === 'Z_BUF_ERROR') return refuse('is cut off: its gzip ends too early', thrown)
  if (typeof code === 'string' && code.startsWith('Z_')) {
    return refuse('is damaged: its gzip cannot be unpacked', thrown)
  }
  if (unpackedStart.subarray(257, 262).toString('latin1') !== 'ustar') {
    return refuse(`is not a tar: unpacked, it ${describeBytes(unpackedStart)}`, thrown)
  }
  if (thrown instanceof Error && thrown.message === 'Unexpected end of data') {
    return refuse('is cut off: its tar ends too early', thrown)
  }
  return refuse('is damaged: its tar has an entry that cannot be read', thrown)
}

function tooLarge(maxBytes: number): PolicySupplyError {
  return refuse(
    `unpacks to more than ${maxBytes} bytes, ${unpackedFactor} times POLICY_BUNDLE_MAX_BYTES`,
  )
}

function refuse(what: string, cause?: unknown): PolicySupplyError {
  return new PolicySupplyError('archive', `The bundle ${what}`, { cause })
}

const unpackedFactor = 4
const maxEntries = 10_000
