import type { ResponseMessage } from '../domain/message.js'
import type { KeySearch } from '../wire/key-search.js'
import { advertised } from './advertised.js'
import { cacheHints } from './cache-hints.js'
import { embeddedRequests } from './embedded-requests.js'
import { listedItems } from './listed-items.js'
import type { PipelineParts } from './parts.js'
import type { Judging } from './release.js'
import { taskReplies } from './task-replies.js'
import { taskResults } from './task-results.js'

/** Something of a response that is governed apart from the response as a whole. */
export interface ResponseStep {
  /** Whether replies to this call have to be read for it, also where policy has no post-hook. */
  reads(judging: Judging, parts: PipelineParts): boolean
  /** Keys without any of which a response is none of its business, and need not be read for it. */
  readonly keys?: KeySearch
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
  taskResults,
  taskReplies,
  embeddedRequests,
  listedItems,
  advertised,
  cacheHints,
]
