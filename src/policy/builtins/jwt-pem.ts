import { base64Bytes } from './jwt-base64.js'

/** A block of PEM (RFC 7468) and what stands behind it. */
export interface PemBlock {
  readonly label: string
  readonly der: Buffer
  readonly rest: string
}

/** The first block of the text, whatever stands before it. */
export function readPem(text: string): PemBlock | undefined {
  const end = text.indexOf('-----END ')
  const begin = text.lastIndexOf(opening, end)
  if (end === -1 || begin === -1 || (begin > 0 && text[begin - 1] !== '\n')) return undefined
  const [line, body] = firstLine(text.slice(begin, end))
  const [lastLine, rest] = firstLine(text.slice(end))
  if (!line.endsWith('-----') || line.length < opening.length + 5) return undefined
  const label = line.slice(opening.length, -5)
  if (lastLine !== `-----END ${label}-----`) return undefined
  const der = base64Bytes(body.replaceAll(/[ \t]/g, ''))
  return der === undefined ? undefined : { label, der, rest }
}

const opening = '-----BEGIN '

/** Without the blanks at its end. */
function firstLine(text: string): readonly [line: string, rest: string] {
  const end = text.indexOf('\n')
  if (end === -1) return [withoutBlanksAtEnd(text), '']
  return [withoutBlanksAtEnd(text.slice(0, end)), text.slice(end + 1)]
}

// A loop, because a pattern that ends in blanks takes the square of a long run of them.
function withoutBlanksAtEnd(line: string): string {
  let end = line.length
  while (end > 0 && ' \t\r'.includes(line.charAt(end - 1))) end -= 1
  return line.slice(0, end)
}
