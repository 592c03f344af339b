import type { RegoValue } from '../rego-value.js'
import { isRegoArray } from '../rego-text.js'
import type { Builtins } from './builtin.js'
import { goJson } from './go-json.js'
import type { Indentation } from './go-json.js'
import { isComposite, isRegoObject } from './json-value.js'

export const json: Builtins = {
  'json.marshal_with_options': {
    cost: (bytes, [value, options]) =>
      5_000 +
      bytes * (300 + 40 * Math.log2(bytes + 1) + 2 * longestLine(value, optionsOf(options))),
    call([value, given]) {
      const options = optionsOf(given)
      if (value === undefined || options === undefined) return undefined
      return goJson(value, options === 'compact' ? undefined : options)
    },
  },
}

function optionsOf(value: RegoValue | undefined): Indentation | 'compact' | undefined {
  if (!isRegoObject(value)) return undefined
  let pretty: boolean | undefined
  let indentation: Indentation | undefined
  for (const [key, held] of value.entries) {
    if (key === 'pretty' && typeof held === 'boolean') pretty = held
    else if ((key === 'prefix' || key === 'indent') && typeof held === 'string') {
      indentation = { ...(indentation ?? usual), [key]: held }
    } else return undefined
  }
  return (pretty ?? indentation !== undefined) ? (indentation ?? usual) : 'compact'
}

const usual: Indentation = { prefix: '', indent: '\t' }

function longestLine(
  value: RegoValue | undefined,
  options: Indentation | 'compact' | undefined,
): number {
  if (options === undefined || options === 'compact') return 0
  return options.prefix.length + options.indent.length * levels(value)
}

function levels(value: RegoValue | undefined): number {
  if (!isComposite(value)) return 0
  const inner = isRegoArray(value)
    ? value
    : value.type === 'set'
      ? value.members
      : value.entries.map(([, held]) => held)
  return 1 + inner.reduce<number>((most, held) => Math.max(most, levels(held)), 0)
}
