import type { ZoneElement } from './time-layout.js'

export interface WrittenOffset {
  /** Seconds ahead of UTC; undefined where `Z` stands for UTC itself. */
  readonly offset: number | undefined
  readonly length: number
}

/** The offset with which the text begins, in the form of the element; undefined where there is none. */
export function offsetAt(text: string, element: ZoneElement): WrittenOffset | undefined {
  if (element.startsWith('Z') && text.startsWith('Z')) return { offset: undefined, length: 1 }
  const [written, sign, hours, minutes = '0', seconds = '0'] =
    zoneForms[element.slice(1)]?.exec(text) ?? []
  if (written === undefined) return undefined
  // Go takes 24 hours, 60 minutes and 60 seconds, too.
  if (Number(hours) > 24 || Number(minutes) > 60 || Number(seconds) > 60) return undefined
  const offset = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)
  return { offset: sign === '-' ? -offset : offset, length: written.length }
}

const zoneForms: Readonly<Record<string, RegExp | undefined>> = {
  '07': /^([+-])(\d\d)/,
  '0700': /^([+-])(\d\d)(\d\d)/,
  '07:00': /^([+-])(\d\d):(\d\d)/,
  '070000': /^([+-])(\d\d)(\d\d)(\d\d)/,
  '07:00:00': /^([+-])(\d\d):(\d\d):(\d\d)/,
}

/** The abbreviation with which the text begins, '' where there is none. */
export function abbreviationAt(text: string): string {
  const [special] = /^(?:UTC|ChST|MeST)/.exec(text) ?? []
  if (special !== undefined) return special
  if (text.startsWith('GMT')) return `GMT${smallOffsetAt(text.slice(3))}`
  if (/^[+-]/.test(text)) return text.length < 3 ? '' : smallOffsetAt(text)
  const [letters = ''] = /^[A-Z]{0,6}/.exec(text) ?? []
  const isZone =
    letters.length === 3 ||
    (letters.length === 4 && (letters.endsWith('T') || letters === 'WITA')) ||
    (letters.length === 5 && letters.endsWith('T'))
  return isZone ? letters : ''
}

/** A sign and hours, up to 23. */
function smallOffsetAt(text: string): string {
  const [written = ''] = /^[+-]\d+/.exec(text) ?? []
  return written !== '' && Number(written.slice(1)) <= 23 ? written : ''
}
