import { gzipSync } from 'node:zlib'
import { blockSize } from './archive-header.js'

/**
 * A bundle of these files, in their order: a gzip-compressed ustar whose names begin with a slash and which says nothing
 * of owners and times, as OPA writes it. The same files give the same bytes.
 * @param how `plain`: not compressed, which takes no time
 */
export function packArchive(
  files: Iterable<readonly [name: string, content: Buffer]>,
  how: 'small' | 'plain' = 'small',
): Buffer {
  const blocks = [...files].flatMap(([name, content]) => packEntry(`/${name}`, content))
  const archive = gzipSync(Buffer.concat([...blocks, Buffer.alloc(2 * blockSize)]), {
    level: how === 'small' ? 9 : 0,
  })
  archive[9] = 0xff // the operating system: Node writes its own
  return archive
}

function packEntry(name: string, content: Buffer): readonly Buffer[] {
  const split = splitName(name)
  if (split !== undefined) return [header(split, content.length, '0'), ...padded(content)]
  const path = paxRecord('path', name)
  return [
    header({ prefix: '', name: 'pax' }, path.length, 'x'),
    ...padded(path),
    header({ prefix: '', name: 'long' }, content.length, '0'),
    ...padded(content),
  ]
}

interface SplitName {
  readonly prefix: string
  readonly name: string
}

/** The name as a ustar header holds it; undefined for one that is too long. */
function splitName(name: string): SplitName | undefined {
  if (Buffer.byteLength(name) <= 100) return { prefix: '', name }
  for (let at = name.indexOf('/', 1); at !== -1; at = name.indexOf('/', at + 1)) {
    const prefix = name.slice(0, at)
    const rest = name.slice(at + 1)
    if (Buffer.byteLength(prefix) <= 155 && Buffer.byteLength(rest) <= 100) {
      return { prefix, name: rest }
    }
  }
  return undefined
}

/** The length that a record begins with counts its own digits. */
function paxRecord(key: string, value: string): Buffer {
  const rest = ` ${key}=${value}\n`
  const bytes = Buffer.byteLength(rest)
  const length = [1, 2, 3, 4, 5, 6]
    .map((digits) => bytes + digits)
    .find((whole, index) => String(whole).length === index + 1)
  return Buffer.from(`${length ?? bytes}${rest}`)
}

function header({ prefix, name }: SplitName, size: number, type: string): Buffer {
  const block = Buffer.alloc(blockSize)
  block.write(name, 0)
  block.write('0000600\x000000000\x000000000\0', 100, 'latin1')
  block.write(
    `${size.toString(8).padStart(11, '0')}\x0000000000000\0        ${type}`,
    124,
    'latin1',
  )
  block.write('ustar\x0000', 257, 'latin1')
  block.write(prefix, 345)
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return block
}

function padded(content: Buffer): readonly Buffer[] {
  return [content, Buffer.alloc((blockSize - (content.length % blockSize)) % blockSize)]
}
