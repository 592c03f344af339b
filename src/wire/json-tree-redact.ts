import type { FieldPath } from '../domain/field-path.js'
import { editJson, type Edit } from './json-edit.js'
import { couldEmbed, editEmbedded, maxEmbeddedLevels } from './json-tree-embedded.js'
import { followPaths, type PathState } from './json-tree-paths.js'
import { decodeLiteral } from './json-tree-scan.js'
import { couldName } from './json-tree-spelling.js'

export interface Redacted {
  readonly text: string
  /** How many places were named. */
  readonly places: number
}

/**
 * Removes what the paths name from a valid JSON text, or puts `mask` in its place, in JSON inside
 * strings too. The rest keeps its spelling; of JSON inside strings only the outermost literal is
 * spelled anew. Anchored paths count from the root of the text.
 */
export function redact(
  source: string,
  paths: readonly FieldPath[],
  action: 'remove' | { readonly mask: string },
): Redacted {
  const edit: Edit = action === 'remove' ? 'remove' : { text: JSON.stringify(action.mask) }
  let places = 0
  if (!paths.some((path) => couldName(source, path))) return { text: source, places }
  const text = redactFrom(source, followPaths(paths), maxEmbeddedLevels)
  return { text, places }

  function redactFrom(document: string, root: PathState, levels: number): string {
    return editJson(document, root, {
      member: (state, key) => state.member(key),
      item: (state, index) => state.item(index),
      editValue: (state) => (state.isNamed ? named() : state.isDone ? 'keep' : 'enter'),
      editString: (state, literal) =>
        state.isNamed ? named() : editString(literal, state.document(), levels),
    })
  }

  function named(): Edit {
    places += 1
    return edit
  }

  function editString(literal: string, inside: PathState, levels: number): Edit {
    if (levels === 0 || inside.isDone || !couldEmbed(literal)) return 'keep'
    const text = decodeLiteral(literal)
    const edited = editEmbedded(text, (document) => redactFrom(document, inside, levels - 1))
    return edited === text ? 'keep' : { text: JSON.stringify(edited) }
  }
}
