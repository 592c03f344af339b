import { createGunzip } from 'node:zlib'
import { PolicySupplyError } from '../domain/errors.js'
import { type ByteSource, readTar } from './archive-tar.js'
import { describeBytes } from './media.js'

export interface Unpacked {
  /** Every file by its name in one form, in the order of the archive. */
  readonly files: ReadonlyMap<string, Buffer>
  /** Of the tar, without its compression. */
  readonly bytes: number
  readonly entries: number
}

/**
 * Unpacks a bundle, a gzip-compressed tar, in memory. It stops at the first byte over a limit, and where two readers of
 * tars could see different files it refuses.
 * @param maxBytes of the archive; unpacked it may have four times as many
 * @throws PolicySupplyError `archive`
 */
export async function unpackArchive(archive: Buffer, maxBytes: number): Promise<Unpacked> {
  if (archive.length > maxBytes) {
    throw refuse(
      `has ${archive.length} bytes, over the limit of ${maxBytes} (POLICY_BUNDLE_MAX_BYTES)`,
    )
  }
  if (archive[0] !== 0x1f || archive[1] !== 0x8b) {
    throw refuse(`is not a gzip-compressed tar: it ${describeBytes(archive)}`)
  }
  const source = gunzipped(archive, maxBytes)
  try {
    const { files, entries } = await collectFiles(source)
    if (source.compressedBytes() !== archive.length) {
      throw refuse('has bytes after the end of its gzip')
    }
    return { files, entries, bytes: source.bytes() }
  } catch (thrown) {
    throw asRefusal(thrown)
  } finally {
    source.close()
  }
}

async function collectFiles(source: ByteSource): Promise<Pick<Unpacked, 'files' | 'entries'>> {
  const types = new Map<string, 'file' | 'folder'>()
  const files = new Map<string, Buffer>()
  let entries = 0
  for await (const entry of readTar(source)) {
    entries += 1
    const { name, type } = entry
    const known = types.get(name)
    if (known !== undefined && (known === 'file' || type === 'file')) {
      throw refuse(`has two entries named ${name}`)
    }
    types.set(name, type)
    if (entry.type === 'file') files.set(name, entry.content)
  }
  if (entries === 0) throw refuse('is an empty tar')
  return { files, entries }
}

interface Gunzipped extends ByteSource {
  /** Unpacked bytes so far. */
  bytes(): number
  /** Bytes of the archive that were taken for gzip. */
  compressedBytes(): number
  close(): void
}

function gunzipped(archive: Buffer, maxBytes: number): Gunzipped {
  const gunzip = createGunzip({ chunkSize: 256 * 1024 })
  gunzip.end(archive)
  const chunks: AsyncIterator<Buffer> = gunzip[Symbol.asyncIterator]()
  const spread = Math.max(plainBytes, archive.length * maxRatio)
  const most = Math.min(maxBytes * unpackedFactor, spread)
  let total = 0
  let rest: Buffer = Buffer.alloc(0)

  async function fill(): Promise<boolean> {
    const next = await chunks.next()
    if (next.done === true) return false
    rest = next.value
    total += rest.length
    if (total > most) throw tooLarge(maxBytes, most)
    return true
  }

  return {
    async read(size) {
      if (size > most) throw tooLarge(maxBytes, most)
      const parts: Buffer[] = []
      for (let missing = size; missing > 0;) {
        if (rest.length === 0 && !(await fill())) break
        const part = rest.subarray(0, missing)
        rest = rest.subarray(part.length)
        missing -= part.length
        parts.push(part)
      }
      return Buffer.concat(parts)
    },
    bytes: () => total,
    compressedBytes: () => gunzip.bytesWritten,
    close: () => gunzip.destroy(),
  }
}

function tooLarge(maxBytes: number, most: number): PolicySupplyError {
  return refuse(
    most === maxBytes * unpackedFactor
      ? `unpacks to more than ${most} bytes, ${unpackedFactor} times POLICY_BUNDLE_MAX_BYTES`
      : `unpacks to more than ${most} bytes, ${maxRatio} times its size: no policy is like that`,
  )
}

function asRefusal(thrown: unknown): PolicySupplyError {
  if (thrown instanceof PolicySupplyError) return thrown
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined
  if (code === 'Z_BUF_ERROR') return refuse('is cut off: its gzip ends too early', thrown)
  return refuse('is damaged: its gzip cannot be unpacked', thrown)
}

function refuse(what: string, cause?: unknown): PolicySupplyError {
  return new PolicySupplyError('archive', `The bundle ${what}`, { cause })
}

const unpackedFactor = 4
/** Unpacked bytes for each of the archive; below `plainBytes` they are not looked at. */
const maxRatio = 100
const plainBytes = 16 * 1024 * 1024
