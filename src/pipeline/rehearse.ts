import type { Answer } from '../domain/answer.js'
import { targetOf } from '../domain/operation.js'
import { payloadOf, type Payload } from '../domain/payload.js'
import type { Rehearsed } from './admit.js'

/** The answer to a dry run: a result that says what would have been sent, and that it was not. */
export function rehearse({ sent, decisionId, reason }: Rehearsed): Answer {
  const { message, operation } = sent
  if (message.form !== 'request') return { type: 'accepted' }
  const args = textOf(payloadOf(sent))
  const target = targetOf(operation)?.name ?? operation.kind
  const text = `Dry run: ${target} was not called. It would have been sent ${args}`
  const content = JSON.stringify([{ type: 'text', text }])
  const note = `{"decision_id":${JSON.stringify(decisionId)},"reason":${JSON.stringify(reason)},"kind":${JSON.stringify(operation.kind)},"args":${args}}`
  const result = `{"resultType":"complete","content":${content},"_meta":{"portcullis/dry_run":${note}}}`
  return {
    type: 'whole',
    status: 200,
    headers: [['content-type', 'application/json']],
    text: Buffer.from(`{"jsonrpc":"2.0","id":${message.id},"result":${result}}`),
  }
}

/** The arguments, or the params of other methods, in their own text. */
function textOf({ text, span }: Payload): string {
  return span === undefined ? '{}' : text.toString('utf8', span.start, span.end)
}
