import { ObligationFault } from '../domain/obligation.js'
import type { Edit, Trail } from './json-edit.js'
import type { RedactionState } from './json-tree-redact-state.js'

/** Why fields cannot be found in a string. */
export type Unreadable = 'no_json' | 'base64' | 'too_deep'

/**
 * What becomes of a string that cannot be looked into, as the redactions wish whose fields may be in it.
 * @throws ObligationFault that names the place
 */
export function unreadAt(state: RedactionState, why: Unreadable, trail: () => Trail): Edit {
  const { strictest } = state.document().facts
  switch (strictest?.redaction.onUnreadable) {
    case undefined:
    case 'pass':
      return 'keep'
    case 'remove':
      // a block of content without its text would be none
      return state.facts.holds === 'value' ? 'remove' : 'remove_item'
    case 'deny': {
      const { redaction, path } = strictest
      throw new ObligationFault(
        `${redaction.name} ${path.source}: ${placeOf(trail())} ${sentences[why]}; ` +
          'let the tool return JSON, or set on_unreadable to remove or pass',
      )
    }
  }
}

const sentences: Readonly<Record<Unreadable, string>> = {
  no_json: 'is text and no JSON, so that nothing in it can be found',
  base64: 'is Base64, so that nothing in it can be found',
  too_deep: 'holds JSON that is nested deeper than it is read',
}

/** As far as the names on the way are those of the protocol: others are the sender's, and may be what is to be hidden. */
function placeOf(trail: Trail): string {
  const end = trail.findIndex((step) => typeof step === 'string' && !protocolNames.has(step))
  const known = end === -1 ? trail : trail.slice(0, end)
  const place = known.map((step) => (typeof step === 'string' ? `.${step}` : `[${step}]`)).join('')
  return place === ''
    ? 'a string'
    : `${end === -1 ? '' : 'a string in '}${place.replace(/^\./, '')}`
}

const protocolNames: ReadonlySet<string> = new Set([
  'content',
  'contents',
  'messages',
  'resource',
  'structuredContent',
  'text',
  'data',
  'blob',
  'error',
  'message',
])
