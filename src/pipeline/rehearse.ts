import type { Answer } from '../domain/answer.js'
import { targetOf } from '../domain/operation.js'
import type { Rehearsed } from './admit.js'
import { dryRunNote, sentText } from './dry-run.js'
import type { PipelineParts } from './parts.js'
import { rehearsedMembers } from './rehearsed-members.js'
import { noteMembers } from './result-notes.js'

/** The answer to a dry run: a result that says what would have been sent, and that it was not. */
export function rehearse(rehearsed: Rehearsed, parts: Pick<PipelineParts, 'catalog'>): Answer {
  const { call, sent, warnings } = rehearsed
  const { message, operation } = sent
  if (message.form !== 'request') return { type: 'accepted' }
  const target = targetOf(operation)?.name ?? operation.kind
  const text = `Dry run: ${target} was not called. It would have been sent ${sentText(sent)}`
  const notes = noteMembers({ warnings, dryRun: dryRunNote(sent, rehearsed, undefined) })
  const result = writtenObject([
    // Where the legacy era has an empty result, its clients take no member that they do not know.
    ...(call.era === 'modern' ? [['resultType', '"complete"'] as const] : []),
    ...rehearsedMembers(call, text, parts),
    ['_meta', writtenObject(notes)],
  ])
  return {
    type: 'whole',
    status: 200,
    headers: [['content-type', 'application/json']],
    text: Buffer.from(`{"jsonrpc":"2.0","id":${message.id},"result":${result}}`),
  }
}

function writtenObject(members: readonly (readonly [key: string, json: string])[]): string {
  return `{${members.map(([key, json]) => `${JSON.stringify(key)}:${json}`).join(',')}}`
}
