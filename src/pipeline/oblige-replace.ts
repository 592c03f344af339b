import { ObligationFault, type Replace } from '../domain/obligation.js'
import type { Patterns } from '../domain/ports.js'
import { editJson, type Edit } from '../wire/json-edit.js'
import { couldEmbed, editEmbedded, maxEmbeddedLevels } from '../wire/json-tree-embedded.js'
import { followRoutes, type PathState, type Reached } from '../wire/json-tree-paths.js'
import { routesOf } from '../wire/json-tree-routes.js'
import { decodeLiteral } from '../wire/json-tree-scan.js'
import { couldContain, couldReach } from '../wire/json-tree-spelling.js'
import type { Edited } from './oblige.js'

/**
 * Strings that are longer than this together are rewritten off the serving thread; UTF-16 units.
 */
const maxServedLength = 4 * 1024

/**
 * Replaces the matches in the strings that the path names, JSON inside strings from the inside
 * out. Strings without a match keep their spelling; keys stay.
 */
export function replaceStrings(
  source: string,
  replace: Replace,
  patterns: Pick<Patterns, 'rewrite'>,
): Edited | Promise<Edited> {
  const { path, pattern } = replace
  const { required } = pattern
  if (!couldContain(source, required) || !couldReach(source, routesOf(path, 0)))
    return { text: source, places: 0 }
  return settle(new Map())

  /**
   * Walks until every string that it meets is known: what an outer string reads depends on the
   * JSON inside it.
   */
  function settle(known: Map<string, string>): Edited | Promise<Edited> {
    const { edited, unknown } = rewriteKnown(source, replace, known)
    if (unknown.length === 0) return edited
    if (lengthOf(unknown) > maxServedLength) return settleLater(known, unknown)
    for (const text of unknown) known.set(text, pattern.replaceAll(text, replace.with))
    return settle(known)
  }

  async function settleLater(
    known: Map<string, string>,
    unknown: readonly string[],
  ): Promise<Edited> {
    const rewritten = await rewriteLong(unknown, replace, patterns)
    for (const [index, text] of unknown.entries()) {
      const result = rewritten[index]
      if (result === undefined)
        throw new ObligationFault(`replace ${path.source}: a text is missing`)
      known.set(text, result)
    }
    return settle(known)
  }
}

async function rewriteLong(
  texts: readonly string[],
  { path, pattern, with: replacement }: Replace,
  patterns: Pick<Patterns, 'rewrite'>,
): Promise<readonly string[]> {
  try {
    return await patterns.rewrite(texts, [{ pattern, with: replacement }])
  } catch (cause) {
    throw new ObligationFault(`replace ${path.source}: it was not carried out`, { cause })
  }
}

interface Facts {
  /** The path names the value here. */
  readonly isNamed: boolean
  /** It names something inside it, or could. */
  readonly isAhead: boolean
}

function factsOf({ named, ahead }: Reached): Facts {
  return { isNamed: named.length > 0, isAhead: ahead.length > 0 }
}

interface Pass {
  readonly edited: Edited
  /** Strings to rewrite before the walk can be finished. */
  readonly unknown: readonly string[]
}

function rewriteKnown(
  source: string,
  { path, pattern: { required } }: Replace,
  known: ReadonlyMap<string, string>,
): Pass {
  const unknown = new Set<string>()
  let places = 0
  const text = rewriteDocument(source, followRoutes(routesOf(path, 0), factsOf), maxEmbeddedLevels)
  return { edited: { text, places }, unknown: [...unknown] }

  function rewriteDocument(document: string, root: PathState<Facts>, levels: number): string {
    return editJson(document, root, {
      member: (state, key) => state.member(key),
      item: (state, index) => state.item(index),
      editValue: (state) => (state.facts.isAhead ? 'enter' : 'keep'),
      editString: (state, literal) => editString(state, literal, levels),
    })
  }

  function editString(state: PathState<Facts>, literal: string, levels: number): Edit {
    const inside = state.document()
    const isOpen =
      levels > 0 && (inside.facts.isNamed || inside.facts.isAhead) && couldEmbed(literal)
    if (!isOpen && !state.facts.isNamed) return 'keep'
    const before = decodeLiteral(literal)
    const waiting = unknown.size
    const opened = isOpen ? rewriteEmbedded(before, inside, levels - 1) : before
    const after = state.facts.isNamed && unknown.size === waiting ? rewritten(opened) : opened
    return after === before ? 'keep' : { text: JSON.stringify(after) }
  }

  function rewriteEmbedded(text: string, inside: PathState<Facts>, levels: number): string {
    if (!couldContain(text, required)) return text
    return editEmbedded(text, (document) => rewriteDocument(document, inside, levels))
  }

  function rewritten(text: string): string {
    if (!text.includes(required)) return text
    const result = known.get(text)
    if (result === undefined) {
      unknown.add(text)
      return text
    }
    if (result !== text) places += 1
    return result
  }
}

function lengthOf(texts: readonly string[]): number {
  return texts.reduce((total, text) => total + text.length, 0)
}
