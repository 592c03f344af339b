import { PolicySupplyError } from '../domain/errors.js'

/**
 * The `path` of a pax header (POSIX.1-2001), the one record that matters here; undefined where it has none. Times, owners
 * and comments are passed over. Records that change what a file is, such as `size`, are refused.
 * @param isGlobal the header is about all entries that follow
 * @throws PolicySupplyError `archive`
 */
export function readPaxPath(content: Buffer, isGlobal: boolean): string | undefined {
  let path: string | undefined
  for (let rest = content; rest.length > 0;) {
    const { key, value, length } = readRecord(rest)
    rest = rest.subarray(length)
    if (harmless.has(key)) continue
    if (key !== 'path' || isGlobal) {
      throw refuse(
        `has the pax record ${JSON.stringify(key.slice(0, 80))}${isGlobal ? ' for all entries' : ''}`,
      )
    }
    if (path !== undefined) throw refuse('names one entry twice')
    path = value
  }
  return path
}

/** `<length> <key>=<value>\n`, the length being that of the whole record. */
function readRecord(bytes: Buffer): { key: string; value: string; length: number } {
  const digits = /^([1-9][0-9]{0,5}) /.exec(bytes.toString('latin1', 0, 7))?.[1]
  const length = Number(digits)
  const equals = bytes.indexOf('=')
  if (digits === undefined || length > bytes.length || equals === -1 || equals >= length) {
    throw refuse('has a pax header that cannot be read')
  }
  if (bytes[length - 1] !== 0x0a) throw refuse('has a pax header that cannot be read')
  return {
    key: bytes.toString('utf8', digits.length + 1, equals),
    value: bytes.toString('utf8', equals + 1, length - 1),
    length,
  }
}

function refuse(what: string): PolicySupplyError {
  return new PolicySupplyError(
    'archive',
    `The bundle ${what}. Pack it with "portcullis policy build", "opa build" or "tar --format=ustar"`,
  )
}

const harmless = new Set([
  ...['atime', 'ctime', 'mtime', 'comment', 'uid', 'gid', 'uname', 'gname'],
])
