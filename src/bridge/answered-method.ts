import { objectOf } from './object-text.js'

/**
 * The method to whose request a client's answer belongs by its looks, as policy has judged it; undefined where it looks
 * like none, or like several.
 */
export function answeredMethod(answer: string): string | undefined {
  const members = objectOf(answer)
  const methods = Object.entries(marksOf).filter(([, marks]) =>
    marks.every((mark) => mark in members),
  )
  return methods.length === 1 ? methods[0]?.[0] : undefined
}

const marksOf: Readonly<Record<string, readonly string[]>> = {
  'elicitation/create': ['action'],
  'roots/list': ['roots'],
  'sampling/createMessage': ['role', 'content'],
}
