/** The parts of a URI whose characters differ in what may stand for itself (RFC 3986; RFC 6874 for the zone). */
export type UriPart = 'path' | 'host' | 'zone' | 'user' | 'fragment'

/** The bytes of the text with its `%XX` undone, as Go does it; undefined where one is malformed or not allowed there. */
export function unescape(text: string, part: UriPart): Buffer | undefined {
  const isHost = part === 'host' || part === 'zone'
  if (isHost && notInHost.test(text)) return undefined
  const bytes = Buffer.from(text)
  let length = 0
  for (let at = 0; at < bytes.length; length += 1) {
    const byte = bytes[at] ?? 0
    const escaped = byte === percent ? escapedByte(bytes, at) : undefined
    if (byte === percent && (escaped === undefined || !isAllowed(escaped, part))) return undefined
    bytes[length] = escaped ?? byte // never past what has been read
    at += escaped === undefined ? 1 : 3
  }
  return bytes.subarray(0, length)
}

const percent = 0x25

function escapedByte(bytes: Buffer, at: number): number | undefined {
  const high = digitOf(bytes[at + 1])
  const low = digitOf(bytes[at + 2])
  return high === undefined || low === undefined ? undefined : high * 16 + low
}

/** Of a hexadecimal digit. */
function digitOf(character = 0): number | undefined {
  if (character >= 0x30 && character <= 0x39) return character - 0x30
  const lower = character | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : undefined
}

function isAllowed(escaped: number, part: UriPart): boolean {
  if (part === 'host') return escaped >= 0x80 || escaped === percent
  if (part !== 'zone') return true
  return escaped === percent || escaped === 0x20 || !notInHost.test(String.fromCharCode(escaped))
}

const notInHost = /[^\w.~!"$&'()*+,\-:;<=>[\]%\u0080-\uffff]/

/** Whether Go would write the path the same way from what it stands for. */
export function isDefaultPath(written: string, path: Buffer): boolean {
  return written === escapedPath(path)
}

function escapedPath(path: Buffer): string {
  const written = Buffer.alloc(path.length * 3)
  let length = 0
  for (const byte of path) {
    if (standsForItself[byte] === true) {
      written[length] = byte
      length += 1
    } else {
      written[length] = percent
      written[length + 1] = hexDigits.charCodeAt(byte >> 4)
      written[length + 2] = hexDigits.charCodeAt(byte & 15)
      length += 3
    }
  }
  return written.toString('latin1', 0, length)
}

const hexDigits = '0123456789ABCDEF'

const standsForItself = Array.from({ length: 256 }, (_, byte) =>
  /[\w.~$&+,/:;=@-]/.test(String.fromCharCode(byte)),
)
