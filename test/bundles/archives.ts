import { gzipSync } from 'node:zlib'
import { openUnverified } from '../../src/bundles/open-bundle.js'
import type { Bundle } from '../../src/domain/bundle.js'
import { PolicySupplyError } from '../../src/domain/errors.js'

export interface TarEntry {
  readonly name: string
  readonly content?: string | Buffer
  /** The type flag of the header: `0` a file, `1` a hard link, `2` a symbolic link, `5` a folder. */
  readonly type?: string
  readonly link?: string
  /** What the header claims; the content's own size where it is left out. */
  readonly size?: number
  /** The twelve bytes of the size as they stand in the header, instead of octal digits. */
  readonly sizeField?: Buffer
  readonly prefix?: string
}

/** The eight bytes with which every WebAssembly module begins, and which are a module by themselves. */
export const emptyModule = Buffer.from('\0asm\x01\0\0\0', 'latin1')

/** A bundle with a module and a manifest, unless the files given say otherwise. */
export function bundleOf(files: Readonly<Record<string, string | Buffer>> = {}): Buffer {
  const all = { '.manifest': manifestOf({}), 'policy.wasm': emptyModule, ...files }
  return tarGz(Object.entries(all).map(([name, content]) => ({ name, content })))
}

export function manifestOf(members: object): string {
  return JSON.stringify({
    revision: 'r1',
    wasm: [{ entrypoint: 'mcp/pre', module: '/policy.wasm' }],
    ...members,
  })
}

export function tarGz(entries: readonly TarEntry[]): Buffer {
  return gzipSync(tar(entries), { level: 1 })
}

export function tar(entries: readonly TarEntry[]): Buffer {
  return Buffer.concat([...entries.map(blocksOf), Buffer.alloc(1024)])
}

function blocksOf({ name, content = '', type = '0', link = '', size, ...more }: TarEntry): Buffer {
  const body = Buffer.from(content as string)
  const header = Buffer.alloc(512)
  header.write(name, 0, 'utf8')
  header.write('0000644\0', 100)
  header.write('0000000\0', 108)
  header.write('0000000\0', 116)
  header.write(`${(size ?? body.length).toString(8).padStart(11, '0')}\0`, 124)
  header.write('00000000000\0', 136)
  header.write('        ', 148)
  header.write(type, 156)
  header.write(link, 157)
  more.sizeField?.copy(header, 124)
  header.write('ustar\x0000', 257, 'latin1')
  header.write(more.prefix ?? '', 345)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return Buffer.concat([header, body, Buffer.alloc((512 - (body.length % 512)) % 512)])
}

/** A pax header for the entry that follows, with each record's length put before it. */
export function pax(records: readonly string[], type: 'x' | 'g' = 'x'): TarEntry {
  const lines = records.map((record) => {
    const rest = Buffer.byteLength(` ${record}\n`)
    const length = [1, 2, 3, 4, 5].find((digits) => String(rest + digits).length === digits) ?? 0
    return `${rest + length} ${record}\n`
  })
  return { name: 'pax', type, content: lines.join('') }
}

const mebibyte = 1024 * 1024

/** The bundle as it is, whoever made it. */
export const read = (archive: Buffer, maxBytes = 64 * mebibyte): Promise<Bundle> =>
  openUnverified(archive, maxBytes)

export async function refusalOf(archive: Buffer, maxBytes?: number): Promise<string> {
  const fault: unknown = await read(archive, maxBytes).catch((thrown: unknown) => thrown)
  if (!(fault instanceof PolicySupplyError)) throw new Error('not refused', { cause: fault })
  return `${fault.fault}: ${fault.message}`
}
