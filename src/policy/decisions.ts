import type { Decision, Hook } from '../domain/decision.js'

type DecidingHook = Exclude<Hook, 'list'>

/** Decisions by the text that a policy gave: most policies give the same few texts again and again. */
export interface Decisions {
  of(text: string, hook: DecidingHook, kind: string): Decision
}

/** @param read reads a text that was not met before; the same text, hook and kind give the same decision */
export function createDecisions(
  read: (text: string, hook: DecidingHook, kind: string) => Decision,
): Decisions {
  const kept: Record<DecidingHook, Map<string, Decision>> = { pre: new Map(), post: new Map() }
  return {
    of: (text, hook, kind) => {
      if (text.length > longestKept || mayHavePatch(text)) return read(text, hook, kind)
      const known = kept[hook].get(text)
      if (known !== undefined) return known
      const decision = read(text, hook, kind)
      if (kept[hook].size >= mostKept) kept[hook].clear()
      kept[hook].set(text, decision)
      return decision
    },
  }
}

/** What a patch may write depends on the method: such results are read each time, however the name is spelled. */
function mayHavePatch(text: string): boolean {
  return text.includes('"patch"') || (text.includes('\\u00') && escapedPatch.test(text))
}

// JSON writes each letter as itself or by its number, whose digits have no upper case.
const escapedPatch = /"(?:p|\\u0070)(?:a|\\u0061)(?:t|\\u0074)(?:c|\\u0063)(?:h|\\u0068)"/

const longestKept = 8192
const mostKept = 500
