import type { RegoValue } from '../rego-value.js'
import type { Builtin } from './builtin.js'
import { asText } from './operands.js'

/** A builtin of texts alone, which is undefined where an argument is something else. */
export function ofTexts<const Count extends 1 | 2 | 3 | 4>(
  count: Count,
  nsPerByte: number,
  call: (...texts: Texts[Count]) => RegoValue | undefined,
): Builtin {
  return {
    cost: (bytes) => 4_000 + bytes * nsPerByte,
    call(args) {
      const texts = args.map(asText).filter((text) => text !== undefined)
      return texts.length === count ? call(...(texts as Texts[Count])) : undefined
    },
  }
}

interface Texts {
  readonly 1: [string]
  readonly 2: [string, string]
  readonly 3: [string, string, string]
  readonly 4: [string, string, string, string]
}
