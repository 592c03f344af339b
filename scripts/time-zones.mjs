// Makes src/policy/builtins/time-zone-data.ts: the time zones that `opa` carries, which are those of the Go release that
// it is built with. The IANA database is in the public domain.
//
//   node scripts/time-zones.mjs [--check] [zoneinfo.zip]      by default lib/time/zoneinfo.zip of the installed Go
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { deflateRawSync, inflateRawSync } from 'node:zlib'

const output = new URL('../src/policy/builtins/time-zone-data.ts', import.meta.url)
const [path = installed()] = process.argv.slice(2).filter((argument) => !argument.startsWith('--'))
const made = tableOf(readZip(readFileSync(path)))
const known = /'([^']*)'/.exec(readFileSync(output, { encoding: 'utf8', flag: 'a+' }))?.[1] ?? ''

if (!process.argv.includes('--check')) writeFileSync(output, sourceOf(made))
else if (inflateRawSync(Buffer.from(known, 'base64')).toString() !== made) {
  console.error('time-zone-data.ts is out of date; run node scripts/time-zones.mjs')
  process.exitCode = 1
}

function installed() {
  const root = execFileSync('go', ['env', 'GOROOT']).toString().trim()
  return join(root, 'lib/time/zoneinfo.zip')
}

/** The files of an archive that does not compress, which this one never does. */
function readZip(zip) {
  const files = new Map()
  const end = zip.lastIndexOf('PK\x05\x06')
  let at = zip.readUInt32LE(end + 16)
  while (zip.toString('latin1', at, at + 4) === 'PK\x01\x02') {
    const size = zip.readUInt32LE(at + 24)
    const nameLength = zip.readUInt16LE(at + 28)
    const name = zip.toString('utf8', at + 46, at + 46 + nameLength)
    const local = zip.readUInt32LE(at + 42)
    const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28)
    if (size > 0) files.set(name, zip.subarray(start, start + size))
    at += 46 + nameLength + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32)
  }
  return files
}

/** A line for all the names of one zone: `names|types|changes|rule`. */
function tableOf(files) {
  const names = new Map()
  for (const [name, file] of [...files].sort()) {
    const line = lineOf(file)
    names.set(line, [...(names.get(line) ?? []), name])
  }
  return [...names].map(([line, held]) => `${held.join(' ')}|${line}`).join('\n')
}

/** RFC 9636, section 3: the second block, whose times have 64 bits, and the rule for what comes after. */
function lineOf(file) {
  const first = countsAt(file, 0)
  const second =
    44 + first.times * 5 + first.types * 6 + first.letters + first.leaps * 8 + first.flags
  const { times, types, letters, leaps, flags } = countsAt(file, second)
  const timesAt = second + 44
  const indexesAt = timesAt + times * 8
  const typesAt = indexesAt + times
  const lettersAt = typesAt + types * 6
  const ruleAt = lettersAt + letters + leaps * 12 + flags
  const changes = Array.from({ length: times }, (_, n) => {
    const before = n === 0 ? 0n : file.readBigInt64BE(timesAt + n * 8 - 8)
    const seconds = file.readBigInt64BE(timesAt + n * 8) - before
    return `${seconds.toString(36)}:${file[indexesAt + n]}`
  })
  const kinds = Array.from({ length: types }, (_, n) => {
    const at = typesAt + n * 6
    const name = lettersAt + (file[at + 5] ?? 0)
    const abbreviation = file.toString('latin1', name, file.indexOf(0, name))
    return `${abbreviation},${file.readInt32BE(at)},${file[at + 4] === 1 ? 'd' : 's'}`
  })
  const rule = file.toString('latin1', ruleAt + 1, file.length - 1)
  return [kinds.join(' '), changes.join(' '), rule].join('|')
}

function countsAt(file, at) {
  return {
    flags: file.readUInt32BE(at + 20) + file.readUInt32BE(at + 24),
    leaps: file.readUInt32BE(at + 28),
    times: file.readUInt32BE(at + 32),
    types: file.readUInt32BE(at + 36),
    letters: file.readUInt32BE(at + 40),
  }
}

function sourceOf(table) {
  const packed = deflateRawSync(table, { level: 9 }).toString('base64')
  return `/**
 * The time zones of the IANA database, made by scripts/time-zones.mjs: a deflated text in Base64. A line of it is
 * \`names|types|changes|rule\`, as time-zone.ts reads it.
 */
export const timeZoneData =
  '${packed}'
`
}
