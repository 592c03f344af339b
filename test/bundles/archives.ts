import { gzipSync } from 'node:zlib'

export interface TarEntry {
  readonly name: string
  readonly content?: string | Buffer
  /** The type flag of the header: `0` a file, `1` a hard link, `2` a symbolic link, `5` a folder. */
  readonly type?: string
  readonly link?: string
  /** What the header claims; the content's own size where it is left out. */
  readonly size?: number
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

function blocksOf({ name, content = '', type = '0', link = '', size }: TarEntry): Buffer {
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
  header.write('ustar\x0000', 257, 'latin1')
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return Buffer.concat([header, body, Buffer.alloc((512 - (body.length % 512)) % 512)])
}
