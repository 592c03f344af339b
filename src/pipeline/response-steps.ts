import type { ResponseMessage } from '../domain/message.js'
import { advertised } from './advertised.js'
import { embeddedRequests } from './embedded-requests.js'
import { listedItems } from './listed-items.js'
import type { PipelineParts } from './parts.js'
import type { Judging } from './release.js'
import { taskReplies } from './task-replies.js'

/** Something of a response that is governed apart from the response as a whole. */
export interface ResponseStep {
  /** Whether replies to this call have to be read for it, also where policy has no post-hook. */
  reads(judging: Judging, parts: PipelineParts): boolean
  /**
   * The response as it goes on; the same object where nothing was changed.
   * @throws GatewayError a refusal; the call itself was carried out
   */
  release(
    message: ResponseMessage,
    judging: Judging,
    parts: PipelineParts,
  ): ResponseMessage | Promise<ResponseMessage>
}

/** In the order in which they are carried out, after the post-hook. */
export const responseSteps: readonly ResponseStep[] = [
  taskReplies,
  embeddedRequests,
  listedItems,
  advertised,
]
