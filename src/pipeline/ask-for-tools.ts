import type { Call, Headers } from '../domain/call.js'
import { GatewayError } from '../domain/errors.js'
import { createLine, type HangUp } from '../domain/hang-up.js'
import type { RequestMessage, ResponseMessage } from '../domain/message.js'
import type { Reply } from '../domain/reply.js'
import { createEventSplitter } from '../wire/event-stream.js'
import { opened, valueAt, verbatim, type MemberNode } from '../wire/json-tree.js'
import { readMessage } from '../wire/message.js'
import { readOperation } from '../wire/operation.js'
import { resultOf } from './edited-result.js'
import { listMethod, type ListMethod } from './list-methods.js'
import { itemTexts, readPage } from './list-page.js'
import type { PipelineParts } from './parts.js'

/** A tool on a later page is as good as unknown. */
const mostPages = 20
/** All of it, while a call waits, milliseconds. */
const longestWaitMs = 10_000

/**
 * Has the catalog learn what tools the server lists for the caller, in the legacy era within the caller's session. What
 * cannot be learnt stays unknown, and is not asked again for a while.
 */
export async function askForTools(call: Call, parts: PipelineParts): Promise<void> {
  const { catalog, now, toolLists } = parts
  const method = listMethod('tools/list')
  if (method === undefined) return
  const { server, principal } = call
  const key = JSON.stringify([server, principal.id])
  const underWay = toolLists.get(key)
  // A call that came a moment later is to be judged by the same knowledge.
  if (underWay !== undefined) return underWay
  if (!catalog.mayAsk(server, principal.id, now())) return
  const asking = learnTools(call, method, parts).finally(() => toolLists.delete(key))
  toolLists.set(key, asking)
  await asking
}

async function learnTools(call: Call, method: ListMethod, parts: PipelineParts): Promise<void> {
  const line = createLine()
  const timer = setTimeout(() => line.hangUp(), longestWaitMs)
  try {
    let cursor: string | undefined = ''
    for (let page = 0; page < mostPages && cursor !== undefined; page += 1) {
      cursor = await askForPage(call, cursor, method, line, parts)
    }
  } catch (thrown) {
    if (!(thrown instanceof GatewayError)) throw thrown
  } finally {
    clearTimeout(timer)
  }
}

/**
 * What a trusted server says of the tool is to be known before policy decides by it. Only in the modern era, where a
 * request needs no session: in the legacy era a client may not have opened the one that it calls in.
 */
export async function learnAnnotations(call: Call, parts: PipelineParts): Promise<void> {
  const { operation, server, era } = call
  if (era !== 'modern' || operation.type !== 'tool') return
  if (parts.catalog.tool(server, operation.name) !== undefined) return
  await askForTools(call, parts)
}

/** Gives the cursor of the next page, as it is spelled; undefined behind the last. */
async function askForPage(
  call: Call,
  cursor: string,
  method: ListMethod,
  hangUp: HangUp,
  parts: PipelineParts,
): Promise<string | undefined> {
  const reply = await parts.upstream.send(listCall(call, cursor, parts.newId()), hangUp)
  const message = await responseIn(reply, parts.maxMessageBytes)
  if (message?.outcome.type !== 'result') return undefined
  parts.catalog.learn(call.server, itemTexts(readPage(message, method)))
  const next = valueAt(resultOf(message), ['nextCursor'])
  return next?.form === 'verbatim' && next.text.startsWith('"') ? next.text : undefined
}

/** @throws GatewayError where the call's `_meta` cannot be read */
function listCall(call: Call, cursor: string, id: string): Call {
  const named = cursor === '' ? '' : `"cursor":${cursor},`
  const params = `{${named}"_meta":{${declarationsOf(call)}}}`
  const text = `{"jsonrpc":"2.0","id":"portcullis-${id}","method":"tools/list","params":${params}}`
  const message = readMessage(Buffer.from(text)) as RequestMessage
  return { ...call, id, message, operation: readOperation(message), headers: headersFor(call) }
}

/** What every request of the modern era says of its client. */
const declared = ['protocolVersion', 'clientInfo', 'clientCapabilities']

function declarationsOf({ message }: Call): string {
  const meta = message.form === 'response' ? undefined : message.params?.members.get('_meta')
  if (meta?.shape !== 'object') return ''
  const said = opened(verbatim(message.text.toString('utf8', meta.value.start, meta.value.end)))
  const members: readonly MemberNode[] = said.form === 'object' ? said.members : []
  return members.flatMap(declaration).join(',')
}

function declaration({ key, value }: MemberNode): readonly string[] {
  const isDeclared = declared.some((name) => key === `io.modelcontextprotocol/${name}`)
  return isDeclared && value.form === 'verbatim' ? [`${JSON.stringify(key)}:${value.text}`] : []
}

function headersFor({ headers }: Call): Headers {
  const kept: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (name !== 'mcp-name' && !name.startsWith('mcp-param-')) kept[name] = value
  }
  if (kept['mcp-method'] !== undefined) kept['mcp-method'] = 'tools/list'
  return kept
}

/** The one response in a reply; undefined where it has none that can be read. */
async function responseIn(reply: Reply, maxBytes: number): Promise<ResponseMessage | undefined> {
  if (!reply.isReadable || reply.form === 'other') {
    reply.body.cancel()
    return undefined
  }
  return reply.form === 'json' ? wholeResponse(reply, maxBytes) : streamedResponse(reply, maxBytes)
}

async function wholeResponse(
  { body }: Reply,
  maxBytes: number,
): Promise<ResponseMessage | undefined> {
  const text = await body.collect(maxBytes)
  if (text === undefined) body.cancel()
  return text === undefined ? undefined : asResponse(text)
}

async function streamedResponse(
  { body }: Reply,
  maxBytes: number,
): Promise<ResponseMessage | undefined> {
  const splitter = createEventSplitter()
  let bytes = 0
  try {
    for (let chunk = await body.read(); chunk !== undefined; chunk = await body.read()) {
      bytes += chunk.length
      if (bytes > maxBytes) return undefined
      for (const { data } of splitter.push(chunk)) {
        const message = data === undefined || data.length === 0 ? undefined : asResponse(data)
        if (message !== undefined) return message
      }
    }
    return undefined
  } finally {
    body.cancel()
  }
}

function asResponse(text: Buffer): ResponseMessage | undefined {
  const message = readMessage(text)
  return message.form === 'response' ? message : undefined
}
