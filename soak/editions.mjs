import { Buffer } from 'node:buffer'
import { readFileSync } from 'node:fs'
import { gunzipSync, gzipSync } from 'node:zlib'

/** A bundle that can be had in any number of editions, each with a revision, data and module of its own. */
export function readBase(path) {
  const files = untar(gunzipSync(readFileSync(path)))
  return {
    /** `revise` gets the data document and gives the one of this edition. */
    edition(revision, revise = (data) => data) {
      const manifest = { ...JSON.parse(files.get('/.manifest')), revision }
      const data = revise(JSON.parse(files.get('/data.json') ?? '{}'))
      const own = new Map([
        ['/.manifest', Buffer.from(JSON.stringify(manifest))],
        ['/data.json', Buffer.from(JSON.stringify(data))],
        ['/policy.wasm', withSection(files.get('/policy.wasm'), revision)],
      ])
      return gzipSync(tar(new Map([...files, ...own])), { level: 1 })
    },
  }
}

/** The module with one more custom section: V8 compiles it anew and shares nothing with another. */
function withSection(wasm, text) {
  const name = Buffer.from(text).subarray(0, 100)
  return Buffer.concat([wasm, Buffer.from([0, name.length + 1, name.length]), name])
}

const block = 512

function untar(bytes) {
  const files = new Map()
  for (let at = 0; bytes[at] !== 0;) {
    const size = parseInt(bytes.toString('latin1', at + 124, at + 135), 8)
    const name = bytes.toString('utf8', at, bytes.indexOf(0, at))
    files.set(name, bytes.subarray(at + block, at + block + size))
    at += block + Math.ceil(size / block) * block
  }
  return files
}

function tar(files) {
  const blocks = [...files].flatMap(([name, content]) => [
    headerOf(name, content.length),
    content,
    Buffer.alloc((block - (content.length % block)) % block),
  ])
  return Buffer.concat([...blocks, Buffer.alloc(2 * block)])
}

function headerOf(name, size) {
  const header = Buffer.alloc(block)
  header.write(name, 0)
  header.write('0000600\0', 100)
  header.write(`${size.toString(8).padStart(11, '0')}\0`, 124)
  header.write('00000000000\0', 136)
  header.write('        0', 148)
  header.write('ustar\x0000', 257, 'latin1')
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return header
}
