import type { Call } from '../domain/call.js'
import type { NotificationMessage } from '../domain/message.js'
import { enforces, judge, record } from './judge.js'
import type { PipelineParts } from './parts.js'
import type { Judging } from './release.js'

/** A notification of the server, as policy permits it; undefined where it is dropped. */
export async function releaseNotification(
  message: NotificationMessage,
  { call: origin, policy }: Judging,
  parts: PipelineParts,
): Promise<Buffer | undefined> {
  if (!policy.hooks.post) return message.text
  const params = message.params?.span
  const operation = { type: 'other', kind: message.method, params } as const
  const call: Call = { ...origin, message, operation, direction: 'to_client' }
  const shown = params === undefined ? noParams : { text: message.text, span: params }
  const verdict = await judge(
    {
      hook: 'post',
      described: parts.describe(call),
      response: { ...shown, isError: false },
      text: message.text,
      root: { name: 'response', span: params, isError: false },
      wellFormed: message.wellFormed,
    },
    policy,
    parts,
  )
  const bundleDigest = policy.digest
  await record(
    { verdict, hook: 'post', call, sent: undefined, bundleDigest, failOpen: false },
    parts,
  )
  if (!enforces(parts.mode)) return message.text
  return verdict.decision.effect === 'allow' ? verdict.text : undefined
}

const noParams = { text: Buffer.from('{}'), span: { start: 0, end: 2 } }
