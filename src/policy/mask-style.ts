import type { MaskStyle } from '../domain/obligation.js'
import { ResultFault } from './result-fault.js'
import { objectOf, onlyMembers, stringOf } from './result-values.js'

/** What stands for a value where policy names no mask. */
const plainMask: MaskStyle = { type: 'text', text: '****' }

/**
 * Reads how policy languages write a mask: a text, or `{style, text?, keep?, salt?}`.
 * @param name the member that holds it, for the message
 * @throws ResultFault
 */
export function maskStyleOf(value: unknown, name = 'mask'): MaskStyle {
  if (value === undefined) return plainMask
  if (typeof value === 'string') return { type: 'text', text: shortText(value, name) }
  const mask = objectOf(value, `${name}, where it is no string,`)
  const style = styles.find((each) => each === mask['style'])
  if (style === undefined) {
    throw new ResultFault(`${name}.style must be one of ${styles.join(', ')}`)
  }
  onlyMembers(mask, membersOf[style], name)
  const textAt = (member: string) => {
    const place = `${name}.${member}`
    return shortText(stringOf(mask[member], place), place)
  }
  switch (style) {
    case 'full':
      return mask['text'] === undefined ? plainMask : { type: 'text', text: textAt('text') }
    case 'partial':
      return { type: 'partial', keep: keepOf(mask['keep'], `${name}.keep`) }
    case 'hash':
      return { type: 'hash', salt: mask['salt'] === undefined ? '' : textAt('salt') }
    case 'email':
    case 'preserve_type':
      return { type: style }
  }
}

const styles = ['full', 'partial', 'hash', 'email', 'preserve_type'] as const

const membersOf: Readonly<Record<(typeof styles)[number], ReadonlySet<string>>> = {
  full: new Set(['style', 'text']),
  partial: new Set(['style', 'keep']),
  hash: new Set(['style', 'salt']),
  email: new Set(['style']),
  preserve_type: new Set(['style']),
}

/** UTF-16 units. It stands in a message as often as there are values to mask. */
const longestText = 1024
const mostKept = 256
const usuallyKept = 4

function shortText(text: string, name: string): string {
  if (text.length <= longestText) return text
  throw new ResultFault(`${name} is longer than ${longestText} characters`)
}

function keepOf(value: unknown, name: string): number {
  if (value === undefined) return usuallyKept
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= mostKept) {
    return value
  }
  throw new ResultFault(`${name} must be a whole number from 0 to ${mostKept}`)
}
