import type { WholeAnswer } from '../domain/answer.js'
import type { Rehearsed } from './admit.js'

/** The answer to a dry run: a result that says what would have been sent, and that it was not. */
export function rehearse({ call, decisionId, reason }: Rehearsed): WholeAnswer {
  const { message, operation } = call
  const id = message.form === 'request' ? message.id : 'null'
  const span = operation.type === 'tool' || operation.type === 'prompt' ? operation.args : undefined
  const args = span === undefined ? '{}' : message.text.toString('utf8', span.start, span.end)
  const target = 'name' in operation ? operation.name : operation.kind
  const text = `Dry run: ${target} was not called. It would have been sent ${args}`
  const content = JSON.stringify([{ type: 'text', text }])
  const note = `{"decision_id":${JSON.stringify(decisionId)},"reason":${JSON.stringify(reason)},"kind":${JSON.stringify(operation.kind)},"args":${args}}`
  const result = `{"resultType":"complete","content":${content},"_meta":{"portcullis/dry_run":${note}}}`
  return {
    type: 'whole',
    status: 200,
    headers: [['content-type', 'application/json']],
    text: Buffer.from(`{"jsonrpc":"2.0","id":${id},"result":${result}}`),
  }
}
