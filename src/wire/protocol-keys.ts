/**
 * The key that `key` would be taken for by a decoder that folds case, where it is not that key itself.
 * Go's encoding/json and others decode `Name` into `name`, so the two together run another tool than
 * the one that was judged.
 */
export function caseVariantOf(key: string): string | undefined {
  if (protocolKeys.has(key)) return undefined
  return folded.get(foldCase(key))
}

/** One text for all that a decoder that folds case takes for one key. */
// Simple case folding maps U+017F to `s`; toLowerCase leaves it alone (and does map U+212A to `k`).
export function foldCase(key: string): string {
  return key.toLowerCase().replaceAll('\u017f', 's')
}

/** Members of the envelope, of `params`, of results and of errors, in every revision of the protocol. */
const protocolKeys: ReadonlySet<string> = new Set([
  'jsonrpc',
  'id',
  'method',
  'params',
  'result',
  'error',
  'code',
  'message',
  'data',
  '_meta',
  'name',
  'arguments',
  'uri',
  'cursor',
  'nextCursor',
  'ref',
  'argument',
  'context',
  'level',
  'logger',
  'task',
  'taskId',
  'tasks',
  'status',
  'inputRequests',
  'inputResponses',
  'requestState',
  'resultType',
  'requestId',
  'reason',
  'progressToken',
  'progress',
  'total',
  'protocolVersion',
  'supportedVersions',
  'capabilities',
  'clientInfo',
  'serverInfo',
  'instructions',
  'notifications',
  'resourceSubscriptions',
  'taskIds',
  'content',
  'structuredContent',
  'isError',
  'contents',
  'messages',
  'description',
  'tools',
  'resources',
  'resourceTemplates',
  'prompts',
  'completion',
  'roots',
  'action',
  'role',
  'model',
  'stopReason',
  'mode',
  'url',
  'elicitationId',
  'elicitations',
  'requestedSchema',
  'systemPrompt',
  'includeContext',
  'maxTokens',
  'toolChoice',
  'ttlMs',
  'cacheScope',
])

const folded: ReadonlyMap<string, string> = new Map(
  [...protocolKeys].map((key) => [foldCase(key), key]),
)
