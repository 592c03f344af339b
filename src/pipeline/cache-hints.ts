import { insertAt, replaceAt, valueAt, verbatim, type JsonNode } from '../wire/json-tree.js'
import { decodeLiteral } from '../wire/json-tree-scan.js'
import { resultOf, withResult } from './edited-result.js'
import { enforces } from './judge.js'
import { listMethod } from './list-methods.js'
import type { Judging } from './judging.js'
import type { ResponseStep } from './response-steps.js'

/**
 * What was made for one caller is not kept for others (MCP 2026-07-28: `cacheScope`, `ttlMs`): a shared cache would
 * answer everybody with it, whatever policy says of them.
 */
export const cacheHints: ResponseStep = {
  reads: (judging, { mode }) => enforces(mode) && isForOneCaller(judging),
  release: (message, judging) => {
    if (message.outcome.type === 'error') return message
    const said = resultOf(message)
    const isFiltered = judging.policy.hooks.list && listMethod(judging.call.operation.kind)
    const hinted = isFiltered ? forOneReader(said, judging) : withPrivateScope(said)
    return hinted === said ? message : withResult(message, hinted)
  },
}

/** Whether policy may have changed what this method gives, and clients may keep it. */
function isForOneCaller({ call, policy: { hooks } }: Judging): boolean {
  const { kind } = call.operation
  if (kind === 'resources/read') return hooks.post
  const isKept = kind === 'server/discover' || listMethod(kind) !== undefined
  return isKept && (hooks.post || hooks.list)
}

/**
 * Longest time for which a filtered list may be kept, milliseconds. Roles change and policies do, and whoever does not
 * listen learns of it only when it asks again; a minute of a list that promises too much harms nobody, since the calls
 * themselves are judged.
 */
const longestKeptMs = 60_000

/**
 * A list as it was made for its reader. The legacy era has no such members, and none are added to what it is sent.
 */
export function forOneReader(result: JsonNode, { call }: Pick<Judging, 'call'>): JsonNode {
  const put = call.era === 'modern' ? insertAt : replaceAt
  const scoped = put(result, ['cacheScope'], verbatim('"private"')) ?? result
  const time = timeIn(result)
  if (time !== undefined && time <= longestKeptMs) return scoped
  return put(scoped, ['ttlMs'], verbatim(String(longestKeptMs))) ?? scoped
}

function timeIn(result: JsonNode): number | undefined {
  const time = valueAt(result, ['ttlMs'])
  const isTime = time?.form === 'verbatim' && /^\d+$/.test(time.text)
  return isTime ? Number(time.text) : undefined
}

function withPrivateScope(result: JsonNode): JsonNode {
  const scope = valueAt(result, ['cacheScope'])
  const isPublic =
    scope?.form === 'verbatim' &&
    scope.text.startsWith('"') &&
    decodeLiteral(scope.text) === 'public'
  return isPublic ? (replaceAt(result, ['cacheScope'], verbatim('"private"')) ?? result) : result
}
