import type { Era } from '../domain/era.js'
import type { Message } from '../domain/message.js'
import type { Operation } from '../domain/operation.js'
import { methodRow } from './methods.js'
import { readOperation } from './operation.js'

/**
 * Body first: only a request that says its revision in its own `_meta` is of the modern era.
 * @param spoken the revision that the message names
 */
export function eraOf(message: Message, spoken: string | undefined): Era {
  const declares = message.form !== 'response' && message.method !== 'initialize'
  return declares && spoken !== undefined ? 'modern' : 'legacy'
}

/**
 * What a client's message asks for. A method that ended with the legacy era needs nothing in the modern one: the
 * upstream says that it has none. A target that does stand there is judged all the same, for upstreams that do not look
 * at eras.
 * @throws GatewayError `invalid_params`
 */
export function operationOf(message: Message, era: Era): Operation {
  if (message.form === 'response') return unsolicited
  const isOver = era === 'modern' && methodRow(message.method)?.era === 'legacy'
  return isOver && !message.params?.members.has('uri')
    ? { type: 'other', kind: message.method, params: message.params?.span }
    : readOperation(message)
}

const unsolicited: Operation = { type: 'other', kind: 'unsolicited', params: undefined }

/** What a call carries that stands for a stream or session as a whole. */
export const nothingSaid: Message = {
  form: 'response',
  text: Buffer.from('null'),
  id: 'null',
  outcome: { type: 'result', span: { start: 0, end: 4 } },
  members: new Map(),
  wellFormed: true,
}
