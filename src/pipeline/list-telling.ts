import type { Call } from '../domain/call.js'
import type { RequestMessage } from '../domain/message.js'
import type { Chunks } from '../domain/reply.js'
import { writeEvent } from '../wire/event-stream.js'
import { insertAt, opened, textOf, valueAt, verbatim, type JsonNode } from '../wire/json-tree.js'
import { listNames, type ListName } from './list-methods.js'
import { tellingStream, type TellingStream } from './list-stream.js'
import type { PipelineParts } from './parts.js'

/** What the gateway itself says on a stream of a client. */
export interface Telling {
  /** The stream with it. */
  over(chunks: Chunks): Chunks
}

/** A stream of the legacy era, whose client was told that it will hear of changes to these lists. */
export function tellingOf(call: Call, lists: readonly ListName[], parts: PipelineParts): Telling {
  return {
    over: (chunks) => {
      let leave: () => void = () => undefined
      const stream = tellingStream(
        chunks,
        (list) => writeEvent(notification(list, '')),
        () => leave(),
      )
      leave = parts.listChanges.open(call, { lists, tell: stream.tell })
      return stream.chunks
    },
  }
}

/** A subscription of the modern era: it is told of what was asked for, once that was acknowledged. */
export interface Subscription extends Telling {
  /**
   * A notification of the server passes on it. Gives the text as it goes on: an acknowledgement also says what the
   * gateway will tell of.
   */
  passes(method: string, text: Buffer): Buffer
  /** The server has ended it. */
  end(): void
}

export function subscription(
  call: Call,
  request: RequestMessage,
  parts: PipelineParts,
): Subscription {
  let stream: TellingStream | undefined
  let leave: (() => void) | undefined
  let acknowledgedLists: readonly ListName[] = []
  let isOver = false

  const end = (): void => {
    isOver = true
    leave?.()
    leave = undefined
  }

  const join = (): void => {
    if (isOver || leave !== undefined || acknowledgedLists.length === 0) return
    const lists = acknowledgedLists
    leave = parts.listChanges.open(call, { lists, tell: (list) => stream?.tell(list) })
  }

  return {
    over: (chunks) => {
      const write = (list: ListName): Buffer => writeEvent(notification(list, metaOf(request.id)))
      // Only when more is wanted has the acknowledgement gone out, in front of which nothing may be told.
      const read = (): Promise<Buffer | undefined> => {
        join()
        return chunks.read()
      }
      stream = tellingStream({ read, cancel: () => chunks.cancel() }, write, end)
      return stream.chunks
    },
    passes: (method, text) => {
      if (method !== 'notifications/subscriptions/acknowledged') return text
      const said = verbatim(text.toString('utf8').trim())
      const acknowledged = filters(parts) ? withHonoured(said, requested(request)) : said
      acknowledgedLists = listNames.filter((list) =>
        isTrue(acknowledged, [...honoured, memberOf(list)]),
      )
      return acknowledged === said ? text : Buffer.from(textOf(acknowledged, 2 * text.length + 500))
    },
    end,
  }
}

/** JSON of a `tools/list_changed` and the like; `params` with its comma, or ''. */
function notification(list: ListName, params: string): Buffer {
  return Buffer.from(`{"jsonrpc":"2.0","method":"notifications/${list}/list_changed"${params}}`)
}

function metaOf(id: string): string {
  return `,"params":{"_meta":{"io.modelcontextprotocol/subscriptionId":${id}}}`
}

function filters({ policies }: PipelineParts): boolean {
  const state = policies.current()
  return state.state === 'active' && state.policy.hooks.list
}

const honoured = ['params', 'notifications']

function memberOf(list: ListName): string {
  return `${list}ListChanged`
}

function requested({ text, params }: RequestMessage): readonly ListName[] {
  if (params === undefined) return []
  const { start, end } = params.span
  const asked = verbatim(text.toString('utf8', start, end))
  return listNames.filter((list) => isTrue(asked, ['notifications', memberOf(list)]))
}

/** The acknowledgement, with all lists that were asked for: the server need not tell of them, the gateway does. */
function withHonoured(said: JsonNode, lists: readonly ListName[]): JsonNode {
  const subset = valueAt(said, honoured)
  if (subset === undefined || opened(subset).form !== 'object') return said
  let edited = said
  for (const list of lists) {
    const place = [...honoured, memberOf(list)]
    if (!isTrue(edited, place)) edited = insertAt(edited, place, verbatim('true')) ?? edited
  }
  return edited
}

function isTrue(root: JsonNode, place: readonly string[]): boolean {
  const value = valueAt(root, place)
  return value?.form === 'verbatim' && value.text === 'true'
}
