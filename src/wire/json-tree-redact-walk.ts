import { editJson, type Edit, type Trail } from './json-edit.js'
import { couldEmbed, embeddedIn, maxEmbeddedLevels } from './json-tree-embedded.js'
import type { RedactionCounts } from './json-tree-redact-counts.js'
import type { Hiding, RedactionState } from './json-tree-redact-state.js'
import { decodeLiteral } from './json-tree-scan.js'
import { unreadAt, type Unreadable } from './json-tree-unread.js'

/** Edits a document and those in its strings as the states say. */
export interface RedactionWalk {
  /** @throws ObligationFault */
  edit(document: string, state: RedactionState): string
}

export function createRedactionWalk(counts: RedactionCounts): RedactionWalk {
  return { edit: (document, state) => editDocument(document, state, maxEmbeddedLevels, () => []) }

  function editDocument(
    document: string,
    root: RedactionState,
    levels: number,
    around: () => Trail,
  ): string {
    return editJson(document, root, {
      member: (state, key) => state.member(key),
      item: (state, index) => state.item(index),
      editValue: (state) => editNamed(state, levels) ?? (state.facts.isAhead ? 'enter' : 'keep'),
      editString: (state, literal, trail) =>
        editNamed(state, levels) ??
        editString(state, literal, levels, () => [...around(), ...trail()]),
    })
  }

  function editNamed(state: RedactionState, levels: number): Edit | undefined {
    const { hiding, isCountedInside } = state.facts
    if (hiding === undefined) return undefined
    counts.saw(state.facts)
    if (!isCountedInside) return hiding
    return {
      rewrite: (spelling) => {
        countInside(spelling, state, levels)
        return hidden(hiding, spelling)
      },
    }
  }

  function editString(
    state: RedactionState,
    literal: string,
    levels: number,
    trail: () => Trail,
  ): Edit {
    const { holds } = state.facts
    const inside = state.document()
    if (inside.facts.strictest === undefined) return 'keep'
    if (holds === 'base64') return literal === '""' ? 'keep' : unreadAt(state, 'base64', trail)
    if (holds === 'value' && !couldEmbed(literal)) return 'keep'
    const text = decodeLiteral(literal)
    const edited = editText(text, inside, levels, holds === 'text', trail)
    if (typeof edited === 'object') return unreadAt(state, edited.unreadable, trail)
    return edited === text ? 'keep' : { text: JSON.stringify(edited) }
  }

  function editText(
    text: string,
    root: RedactionState,
    levels: number,
    isContent: boolean,
    trail: () => Trail,
  ): EditedText {
    const { syntax, before, document, after } = embeddedIn(text)
    const saysNothing = document === '' || document === 'null'
    if (syntax === 'other') return isContent && !saysNothing ? { unreadable: 'no_json' } : text
    if (syntax === 'too_deep' || levels === 0) return { unreadable: 'too_deep' }
    const edited =
      document.startsWith('"') && root.facts.hiding === undefined
        ? editWrapped(document, root, levels - 1, isContent, trail)
        : editDocument(document, root, levels - 1, trail)
    if (typeof edited === 'object') return edited
    return edited === document ? text : before + edited + after
  }

  /** A string that is a whole document stands for the string around it. */
  function editWrapped(
    literal: string,
    state: RedactionState,
    levels: number,
    isContent: boolean,
    trail: () => Trail,
  ): EditedText {
    const text = decodeLiteral(literal)
    const edited = editText(text, state.document(), levels, isContent, trail)
    if (typeof edited === 'object') return edited
    return edited === text ? literal : JSON.stringify(edited)
  }

  /** What is hidden with the value around it has been found too. */
  function countInside(document: string, root: RedactionState, levels: number): void {
    editJson(document, root, {
      member: (state, key) => state.member(key),
      item: (state, index) => state.item(index),
      editValue: (state) => {
        counts.sawInside(state.facts)
        return state.facts.isCountedInside ? 'enter' : 'keep'
      },
      editString: (state, literal) => {
        counts.sawInside(state.facts)
        const inside = state.document()
        const isOpen = inside.facts.strictest !== undefined && levels > 0 && couldEmbed(literal)
        const embedded = isOpen ? embeddedIn(decodeLiteral(literal)) : undefined
        if (embedded?.syntax === 'json') countInside(embedded.document, inside, levels - 1)
        return 'keep'
      },
    })
  }
}

type EditedText = string | { readonly unreadable: Unreadable }

/** Undefined where the value goes. */
function hidden(hiding: Hiding, spelling: string): string | undefined {
  if (hiding === 'remove') return undefined
  return 'text' in hiding ? hiding.text : hiding.rewrite(spelling)
}
