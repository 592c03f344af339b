/** Says what bytes look like that should have been a gzip-compressed tar, and what to do about it. */
export function describeBytes(bytes: Buffer): string {
  if (bytes.length === 0) return 'is empty'
  const known = signatures.find(({ at, magic }) =>
    bytes.subarray(at, at + magic.length).equals(magic),
  )
  if (known !== undefined) return known.says
  const start = bytes.subarray(0, 256).toString('latin1').trimStart()
  if (/^(?:\xEF\xBB\xBF)?</.test(start)) {
    return 'is an HTML or XML page: does the address lead to a login or an error page?'
  }
  if (start.startsWith('version https://git-lfs')) {
    return 'is a Git LFS pointer: fetch the file that it stands for'
  }
  if (/^[{[]/.test(start)) return 'is JSON text'
  if (/^(?:#|package\s)/.test(start)) {
    return 'is text, such as policy source: build its folder with "portcullis policy build"'
  }
  return `begins with the bytes ${bytes.subarray(0, 4).toString('hex')}`
}

const signatures = [
  {
    at: 0,
    magic: Buffer.from('\0asm'),
    says: 'is a bare WebAssembly module: put it into a bundle with "portcullis policy build"',
  },
  {
    at: 257,
    magic: Buffer.from('ustar'),
    says: 'is a tar that is not compressed: compress it with gzip',
  },
  { at: 0, magic: Buffer.from('PK\x03\x04'), says: 'is a zip archive' },
  {
    at: 0,
    magic: Buffer.from([0x28, 0xb5, 0x2f, 0xfd]),
    says: 'is compressed with zstd, not gzip',
  },
  { at: 0, magic: Buffer.from([0x1f, 0x8b]), says: 'is compressed with gzip twice' },
  { at: 0, magic: Buffer.from('BZh'), says: 'is compressed with bzip2, not gzip' },
  { at: 0, magic: Buffer.from([0xfd, 0x37, 0x7a, 0x58]), says: 'is compressed with xz, not gzip' },
]
