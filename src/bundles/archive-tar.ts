import { PolicySupplyError } from '../domain/errors.js'
import { blockSize, isZero, readHeader, type TarHeader } from './archive-header.js'
import { readPaxPath } from './archive-pax.js'
import { entryName } from './entry-name.js'

/** Bytes from front to back. */
export interface ByteSource {
  /** The next `size` bytes; fewer only at the end. */
  read(size: number): Promise<Buffer>
}

export type TarEntry =
  | { readonly type: 'file'; readonly name: string; readonly content: Buffer }
  | { readonly type: 'folder'; readonly name: string }

/** How many entries an archive may have. */
export const maxEntries = 10_000

/**
 * The entries of a tar (POSIX.1-1988 ustar, with pax and GNU headers for long names). Everything that readers of tars
 * treat in different ways is refused: what is unpacked here is what everybody else sees.
 * @throws PolicySupplyError `archive`
 */
export async function* readTar(source: ByteSource): AsyncGenerator<TarEntry, void, void> {
  let longName: string | undefined
  let headers = 0
  for (;;) {
    const block = await source.read(blockSize)
    if (headers > 0 && block.length < blockSize) throw cutOff()
    if (isZero(block)) break
    headers += 1
    if (headers > maxEntries) throw refuse(`has more than ${maxEntries} entries`)
    const header = readHeader(block, headers === 1)
    if (header.type === 'file' || header.type === 'folder') {
      yield await readEntry(source, header, longName)
      longName = undefined
    } else {
      const given = readLongName(header, await readContent(source, longHeader(header)))
      if (given !== undefined && longName !== undefined) throw refuse('names one entry twice')
      longName = given ?? longName
    }
  }
  if (longName !== undefined) throw refuse('ends with a name that no entry follows')
  await expectEnd(source)
}

async function readEntry(
  source: ByteSource,
  header: TarHeader,
  longName: string | undefined,
): Promise<TarEntry> {
  const raw = longName ?? header.name
  const name = entryName(raw)
  if (header.type === 'folder') {
    if (header.size > 0) throw refuse(`has a folder with content, ${name}`)
    return { type: 'folder', name }
  }
  if (name === '' || raw.endsWith('/')) {
    throw refuse(`has a file with the name of a folder, ${JSON.stringify(raw.slice(0, 80))}`)
  }
  return { type: 'file', name, content: await readContent(source, header) }
}

async function readContent(source: ByteSource, { size }: TarHeader): Promise<Buffer> {
  const content = await source.read(size)
  const padding = (blockSize - (size % blockSize)) % blockSize
  const rest = await source.read(padding)
  if (content.length < size || rest.length < padding) throw cutOff()
  return content
}

function longHeader(header: TarHeader): TarHeader {
  if (header.size <= maxLongHeader) return header
  throw refuse(`has a header of ${header.size} bytes, over the limit of ${maxLongHeader}`)
}

function readLongName({ type }: TarHeader, content: Buffer): string | undefined {
  if (type !== 'gnu-long-name') return readPaxPath(content, type === 'pax-global')
  const end = content.indexOf(0)
  return content.toString('utf8', 0, end === -1 ? content.length : end)
}

/** Behind its end a tar has nothing but zeros. */
async function expectEnd(source: ByteSource): Promise<void> {
  for (;;) {
    const block = await source.read(blockSize)
    if (block.length === 0) return
    if (!isZero(block)) throw refuse('has bytes after the end of its tar')
  }
}

function cutOff(): PolicySupplyError {
  return refuse('is cut off: its tar ends too early')
}

function refuse(what: string): PolicySupplyError {
  return new PolicySupplyError('archive', `The bundle ${what}`)
}

const maxLongHeader = 64 * 1024
