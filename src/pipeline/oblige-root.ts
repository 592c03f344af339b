import type { Call } from '../domain/call.js'
import type { FieldPath } from '../domain/field-path.js'
import type { Span } from '../domain/json.js'
import { ObligationFault, type Obligation, type WritableRoot } from '../domain/obligation.js'
import { insertAt, opened, textOf, verbatim, type JsonNode } from '../wire/json-tree.js'

/** The part of a message that obligations may write, and what policy calls it. */
export interface Root {
  readonly name: WritableRoot
  /** Undefined where the message has none: policy sees `{}`, and a patch can add it. */
  readonly span: Span | undefined
  /**
   * The span is the `error` of a response: policy sees `{"error": …}`, and that member must stay.
   */
  readonly isError: boolean
}

/** What may be written before the call is forwarded. */
export function writableRoot({ operation, message }: Call): Root {
  if (message.form === 'response') {
    const { type, span } = message.outcome
    return { name: 'response', span, isError: type === 'error' }
  }
  switch (operation.type) {
    case 'tool':
    case 'prompt':
      return { name: 'args', span: operation.args, isError: false }
    case 'resource':
    case 'other':
      return { name: 'params', span: message.params?.span, isError: false }
  }
}

/** The JSON text of the root, as policy sees it. */
export function readRoot(text: Buffer, { span, isError }: Root): string {
  if (span === undefined) return '{}'
  const source = text.toString('utf8', span.start, span.end)
  return isError ? `{"error":${source}}` : source
}

/**
 * The message with `source` for its root.
 * @throws ObligationFault where an error would no longer be one
 */
export function writeRoot(text: Buffer, root: Root, source: string): Buffer {
  const { span, isError } = root
  if (span === undefined) return withNewRoot(text, root, source)
  const value = Buffer.from(isError ? errorIn(source) : source)
  return Buffer.concat([text.subarray(0, span.start), value, text.subarray(span.end)])
}

/**
 * The longest text that obligations may produce, UTF-16 units: copies of copies grow without
 * bound.
 */
const maxLength = 64 * 1024 * 1024

/** @throws ObligationFault where the text would be too long */
export function written(node: JsonNode): string {
  try {
    return textOf(node, maxLength)
  } catch (cause) {
    throw new ObligationFault('patch: the result is too long', { cause })
  }
}

/** @throws ObligationFault where arguments or params would be no object: no message has such */
export function checkShape(node: JsonNode, name: WritableRoot): void {
  if (name === 'response' || opened(node).form === 'object') return
  throw new ObligationFault(`patch: ${name} must stay an object`)
}

/** @throws ObligationFault where a path begins at what is not written here: it would name nothing, unnoticed */
export function checkAnchor(path: FieldPath, type: Obligation['type'], root: Root): void {
  if (path.root === undefined || path.root === root.name) return
  throw new ObligationFault(`${type} ${path.source}: only ${root.name} can be written here`)
}

function withNewRoot(text: Buffer, { name }: Root, source: string): Buffer {
  const whole = text.toString('utf8')
  const message = whole.trim()
  const before = whole.slice(0, whole.indexOf(message))
  const after = whole.slice(before.length + message.length)
  const place = name === 'args' ? ['params', 'arguments'] : ['params']
  const edited = insertAt(verbatim(message), place, verbatim(source))
  if (edited === undefined) throw new ObligationFault(`patch: this message cannot have ${name}`)
  return Buffer.from(before + written(edited) + after)
}

function errorIn(source: string): string {
  const root = opened(verbatim(source))
  const members = root.form === 'object' ? root.members : []
  const [error] = members
  if (error?.key === 'error' && members.length === 1) return written(error.value)
  throw new ObligationFault('response: an error must stay an error, with no member beside it')
}
