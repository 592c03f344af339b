/** A layout of Go's package time: text that stands for itself, and elements named by how they write the time of reference. */
export type LayoutPart = { readonly literal: string } | LayoutElement

export interface LayoutElement {
  readonly element: Element
  /** Digits of a fraction of a second. */
  readonly digits: number
  readonly separator: string
}

export type Element = TimeElement | ZoneElement

/** What is not an offset. */
export type TimeElement =
  | 'January'
  | 'Jan'
  | '1'
  | '01'
  | 'Monday'
  | 'Mon'
  | '2'
  | '_2'
  | '02'
  | '__2'
  | '002'
  | '15'
  | '3'
  | '03'
  | '4'
  | '04'
  | '5'
  | '05'
  | '2006'
  | '06'
  | 'PM'
  | 'pm'
  | 'MST'
  | '.000'
  | '.999'

export type ZoneElement = (typeof zoneElements)[number]

const zoneElements = [
  '-070000',
  '-07:00:00',
  '-0700',
  '-07:00',
  '-07',
  'Z070000',
  'Z07:00:00',
  'Z0700',
  'Z07:00',
  'Z07',
] as const

export function isZoneElement(element: Element): element is ZoneElement {
  return element.startsWith('-') || element.startsWith('Z')
}

export function partsOf(layout: string): readonly LayoutPart[] {
  const written = namedLayouts[layout] ?? layout
  const parts: LayoutPart[] = []
  let at = 0
  for (const found of written.matchAll(anyElement)) {
    if (found.index > at) parts.push({ literal: written.slice(at, found.index) })
    parts.push(elementOf(found[0]))
    at = found.index + found[0].length
  }
  if (at < written.length) parts.push({ literal: written.slice(at) })
  return parts
}

const namedLayouts: Readonly<Record<string, string | undefined>> = Object.assign(
  Object.create(null) as object,
  {
    ANSIC: 'Mon Jan _2 15:04:05 2006',
    UnixDate: 'Mon Jan _2 15:04:05 MST 2006',
    RubyDate: 'Mon Jan 02 15:04:05 -0700 2006',
    RFC822: '02 Jan 06 15:04 MST',
    RFC822Z: '02 Jan 06 15:04 -0700',
    RFC850: 'Monday, 02-Jan-06 15:04:05 MST',
    RFC1123: 'Mon, 02 Jan 2006 15:04:05 MST',
    RFC1123Z: 'Mon, 02 Jan 2006 15:04:05 -0700',
    RFC3339: '2006-01-02T15:04:05Z07:00',
    RFC3339Nano: '2006-01-02T15:04:05.999999999Z07:00',
  },
)

// The first that fits where it begins counts. An underline before a year stands for itself, and so does a short
// name that a small letter follows.
const anyElement = new RegExp(
  [
    'January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST',
    '0[1-6]|002|15|1|2006|2|_2(?!006)|__2|3|4|5|PM|pm',
    ...zoneElements,
    '[.,](?:0+|9+)(?!\\d)',
  ].join('|'),
  'g',
)

function elementOf(text: string): LayoutElement {
  const [first = ''] = text
  if (first !== '.' && first !== ',') return { element: text as Element, digits: 0, separator: '' }
  return {
    element: text[1] === '0' ? '.000' : '.999',
    digits: text.length - 1,
    separator: first,
  }
}
