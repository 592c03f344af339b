import type { Route } from './json-tree-routes.js'

/**
 * Whether a key or string of this JSON text could contain `text`, however it is escaped and
 * however deep the JSON inside strings goes. False is certain; true is not. Far cheaper than
 * reading the text.
 */
export function couldContain(source: string, text: string): boolean {
  if (source.includes(text)) return true
  if ((isAscii.test(text) ? asciiEscape : unicodeEscape).test(source)) return true
  return shortEscaped.test(text) && source.includes('\\')
}

/** Whether this JSON text could have a place that a route leads to. False is certain; true is not. */
export function couldReach(source: string, routes: readonly Route[]): boolean {
  return (
    routes.length > mostSearched ||
    routes.some(({ steps }) =>
      steps.every((step) => step.type !== 'key' || couldContain(source, step.name)),
    )
  )
}

/** For more of them, searching would take longer than reading. */
const mostSearched = 8

const isAscii = /^\p{ASCII}*$/u

/**
 * `\u0000` to `\u007f`. In JSON inside strings the backslash, the `u` and the digits of an escape
 * may be escaped themselves, but being ASCII they then bring such an escape into the outer text.
 */
const asciiEscape = /\\u00[0-7]/

const unicodeEscape = /\\u/

/** Characters with an escape of their own, such as `\n`. */
const shortEscaped = /["\\/\b\f\n\r\t]/
