import type { ResponseMessage } from '../domain/message.js'
import { createKeySearch, type KeySearch } from '../wire/key-search.js'
import { advertised } from './advertised.js'
import { cacheHints } from './cache-hints.js'
import { embeddedRequests } from './embedded-requests.js'
import { listedItems } from './listed-items.js'
import type { PipelineParts } from './parts.js'
import type { Judging } from './judging.js'
import { shownSchemas } from './shown-schemas.js'
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
  shownSchemas,
  advertised,
  cacheHints,
]

/**
 * A client takes whatever stands in a body for messages of the server, and these are no responses: requests,
 * notifications, batches that hold some.
 */
const notResponses = createKeySearch(['method'])

/** What has to be read in a reply to this call that is not read anyway. */
export function searchesFor(judging: Judging, parts: PipelineParts): readonly KeySearch[] {
  const searches = [notResponses]
  for (const step of responseSteps) {
    if (step.keys !== undefined && step.reads(judging, parts)) searches.push(step.keys)
  }
  return searches
}

/** All that is searched for at once: where none of it is found, no search of a step finds anything. */
export const anyKeys = createKeySearch(
  [notResponses, ...responseSteps.flatMap(({ keys }) => keys ?? [])].flatMap(({ keys }) => keys),
)
