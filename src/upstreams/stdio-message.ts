import type { Span } from '../domain/json.js'
import type { Member, Message } from '../domain/message.js'
import { membersAt, spliced } from '../wire/json-parts.js'
import { scanJson } from '../wire/json-text.js'

/** A value of a message: where it stands, and how it is spelled. */
export interface Place {
  readonly span: Span
  readonly literal: string
}

/** The value at `id` of a message that has one. */
export function idPlace({ text }: Message): Place | undefined {
  return placeOf(text, scanJson(text, 1).members.get('id'))
}

/** A member of `params`, or of a result. */
export function memberPlace(message: Message, name: string): Place | undefined {
  return placeOf(message.text, membersOf(message)?.get(name))
}

/** A member of the `_meta` of `params`, or of a result. */
export function metaPlace(message: Message, name: string): Place | undefined {
  const { text } = message
  const meta = membersOf(message)?.get('_meta')
  return meta && placeOf(text, membersAt(text, meta.value).get(name))
}

/** The text with other spellings in these places; every other byte stays. */
export function respell(
  text: Buffer,
  places: readonly (readonly [place: Place | undefined, literal: string])[],
): Buffer {
  const splices = places.flatMap(([place, literal]) =>
    place === undefined ? [] : [{ span: place.span, text: literal }],
  )
  return spliced(
    text,
    splices.sort((a, b) => a.span.start - b.span.start),
  )
}

/** One text for all spellings of an id or token: `1.0` may come back as `1`, `"\u0061"` as `"a"`. */
export function comparable(literal: string): string {
  return JSON.stringify(JSON.parse(literal))
}

function membersOf(message: Message) {
  return message.form === 'response' ? message.members : message.params?.members
}

function placeOf(text: Buffer, member: Member | undefined): Place | undefined {
  if (member === undefined) return undefined
  const { start, end } = member.value
  return { span: member.value, literal: text.toString('utf8', start, end) }
}
