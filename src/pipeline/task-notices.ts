import { GatewayError } from '../domain/errors.js'
import type { NotificationMessage } from '../domain/message.js'
import { decodeString } from '../wire/json-text.js'
import { readMessage } from '../wire/message.js'
import { inputRequestsIn } from './embedded-places.js'
import { releaseEmbedded } from './embedded-requests.js'
import type { PipelineParts } from './parts.js'
import type { Judging } from './judging.js'
import { closeParamIds } from './task-ids.js'
import { releaseTaskResult } from './task-results.js'

/**
 * A notification that may tell of a task, after it was judged itself: what it holds of results and of requests to the
 * client is judged like any other, and its ids are as its reader knows them. Undefined where it is dropped.
 */
export async function releaseTaskNotice(
  text: Buffer | undefined,
  method: string,
  judging: Judging,
  parts: PipelineParts,
): Promise<Buffer | undefined> {
  if (text === undefined) return undefined
  const released =
    method === 'notifications/tasks' ? await releaseNested(text, judging, parts) : text
  return released === undefined ? undefined : closeParamIds(released, judging.call, parts)
}

async function releaseNested(
  text: Buffer,
  judging: Judging,
  parts: PipelineParts,
): Promise<Buffer | undefined> {
  try {
    const judged = await releaseResultIn(text, judging, parts)
    return await releaseEmbedded(judged, requestsIn(judged), judging, parts)
  } catch (thrown) {
    if (thrown instanceof GatewayError && thrown.code !== 'log_unavailable') return undefined
    throw thrown
  }
}

async function releaseResultIn(
  text: Buffer,
  judging: Judging,
  parts: PipelineParts,
): Promise<Buffer> {
  const { params, wellFormed } = readMessage(text) as NotificationMessage
  const id = params?.members.get('taskId')
  if (params === undefined || id?.shape !== 'string') return text
  const said = { text, members: params.members, wellFormed }
  return releaseTaskResult(said, decodeString(text, id.value), judging, parts)
}

function requestsIn(text: Buffer) {
  const { params } = readMessage(text) as NotificationMessage
  return params === undefined ? [] : inputRequestsIn(text, params.members)
}
