import type { Call } from '../domain/call.js'
import type { RequestMessage } from '../domain/message.js'
import { textOf, verbatim, type JsonNode } from '../wire/json-tree.js'
import { readMessage } from '../wire/message.js'
import { readOperation } from '../wire/operation.js'
import { announcedLists, withAnnounced } from './announced-lists.js'
import { resultOf, withResult } from './edited-result.js'
import { withoutUnknown } from './extensions.js'
import { enforces } from './judge.js'
import type { PipelineParts } from './parts.js'
import type { Judging } from './judging.js'
import type { ResponseStep } from './response-steps.js'

/** What a server says of itself (`initialize`, `server/discover`): nothing is advertised that is refused. */
export const advertised: ResponseStep = {
  reads: ({ call, policy }, parts) =>
    isHandshake(call) && enforces(parts.mode) && (policy.hooks.list || denies(parts)),
  release: (message, judging, parts) => {
    if (message.outcome.type === 'error') return message
    const said = resultOf(message)
    const known = denies(parts) ? (withoutUnknown(said, ['capabilities']) ?? said) : said
    const told = judging.policy.hooks.list ? announce(known, judging, parts) : known
    return told === said ? message : withResult(message, told)
  },
}

function isHandshake({ operation: { kind } }: Call): boolean {
  return kind === 'initialize' || kind === 'server/discover'
}

function denies({ unknownMethods }: PipelineParts): boolean {
  return unknownMethods === 'deny'
}

/** Where policy filters lists, another policy changes them: the gateway tells of that, whether the server does or not. */
function announce(said: JsonNode, { call, issued }: Judging, parts: PipelineParts): JsonNode {
  const told = withAnnounced(said)
  const lists = announcedLists(told)
  const theirs = announcedLists(said)
  if (call.era === 'legacy') {
    const own = lists.filter((list) => !theirs.includes(list))
    parts.listChanges.announced(call, issued, { lists, own })
  }
  return lists.length === theirs.length ? said : told
}

/**
 * A call whose client says what it can do, without the extensions that the gateway does not know: a server must not use
 * what would be refused. The same object where nothing was cut.
 */
export function cutClientExtensions(call: Call, parts: PipelineParts): Call {
  const { message } = call
  if (!denies(parts) || !enforces(parts.mode) || message.form === 'response') return call
  const isLegacy = message.method === 'initialize'
  const declared = message.params?.members.get(isLegacy ? 'capabilities' : '_meta')
  if (message.form !== 'request' || declared === undefined) return call
  const { start, end } = declared.value
  const text = message.text.toString('utf8', start, end)
  // Most clients declare none, and a key may be spelled with escapes.
  if (!/extensions|experimental|\\/.test(text)) return call
  const place = isLegacy ? [] : ['io.modelcontextprotocol/clientCapabilities']
  const known = withoutUnknown(verbatim(text), place)
  return known === undefined ? call : withText(call, message, { start, end }, known)
}

function withText(
  call: Call,
  { text }: RequestMessage,
  { start, end }: { readonly start: number; readonly end: number },
  value: JsonNode,
): Call {
  const written = Buffer.from(textOf(value, 2 * text.length))
  const edited = Buffer.concat([text.subarray(0, start), written, text.subarray(end)])
  const message = readMessage(edited) as RequestMessage
  return { ...call, message, operation: readOperation(message) }
}
