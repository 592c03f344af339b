import { isRegoNumber, textOfNumber } from '../rego-number.js'
import { isRegoArray, sorted, sortedEntries } from '../rego-text.js'
import type { RegoValue } from '../rego-value.js'
import { quote } from './go-quote.js'

/** A value as OPA shows it: sets and keys in order, with spaces between, texts in quotation marks of Go. */
export function displayed(value: RegoValue): string {
  const out: string[] = []
  display(value, out)
  return out.join('')
}

/** All pieces go into one list: what is joined on each level is copied on each level. */
function display(value: RegoValue, out: string[]): void {
  if (typeof value === 'string') out.push(quote(value))
  else if (value === null || typeof value === 'boolean') out.push(String(value))
  else if (isRegoNumber(value)) out.push(textOfNumber(value))
  else if (isRegoArray(value)) displayAll(value, '[', ']', out)
  else if (value.type === 'object') displayEntries(sortedEntries(value), out)
  else if (value.members.length === 0) out.push('set()')
  else displayAll(sorted(value.members), '{', '}', out)
}

function displayAll(
  values: readonly RegoValue[],
  open: string,
  close: string,
  out: string[],
): void {
  out.push(open)
  for (const [at, value] of values.entries()) {
    if (at > 0) out.push(', ')
    display(value, out)
  }
  out.push(close)
}

function displayEntries(
  entries: readonly (readonly [RegoValue, RegoValue])[],
  out: string[],
): void {
  out.push('{')
  for (const [at, [key, held]] of entries.entries()) {
    if (at > 0) out.push(', ')
    display(key, out)
    out.push(': ')
    display(held, out)
  }
  out.push('}')
}
