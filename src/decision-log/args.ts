import type { DecisionEntry } from '../domain/entry.js'
import { parseFieldPath, type FieldPath } from '../domain/field-path.js'
import { redact, type Redaction } from '../wire/json-tree-redact.js'
import { onOneLine } from './json-line.js'
import { payloadOf } from '../domain/payload.js'

/** The arguments of a decision's call as JSON on one line; '' where none are to be recorded. */
export type ArgsRecord = (entry: DecisionEntry) => string

/** @throws FieldPathFault where a mask is no field path */
export function createArgsRecord(
  detail: 'digest' | 'masked' | 'full',
  masks: readonly string[],
): ArgsRecord {
  switch (detail) {
    case 'digest':
      return () => ''
    case 'full':
      return argsOf
    case 'masked': {
      // A path into the response names nothing here; counted from the arguments it would name the wrong thing.
      const paths = masks.map(parseFieldPath).filter(({ root }) => root !== 'response')
      const masked = hidden(paths)
      return (entry) => {
        const args = argsOf(entry)
        return args === '' ? '' : redact(args, [masked], 'args').text
      }
    }
  }
}

function hidden(paths: readonly FieldPath[]): Redaction {
  const action = { type: 'text', text: '****' } as const
  return { name: 'mask', paths, action, onUnreadable: 'remove', onMissing: 'pass' }
}

/** Once a call: on the line of its first decision, as they were spelled. */
function argsOf({ call, hook }: DecisionEntry): string {
  if (hook !== 'pre' && call.message.form !== 'response') return ''
  const { text, span } = payloadOf(call)
  return span === undefined ? '' : onOneLine(text.toString('utf8', span.start, span.end))
}
