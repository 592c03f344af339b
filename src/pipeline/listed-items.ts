import type { Call } from '../domain/call.js'
import type { Shown, Deny } from '../domain/decision.js'
import { GatewayError } from '../domain/errors.js'
import type { ResponseMessage } from '../domain/message.js'
import { inputAt, type PolicyInput } from '../domain/policy-input.js'
import { insertAt } from '../wire/json-tree.js'
import { resultOf, withResult } from './edited-result.js'
import { enforces, policyError, record, unruled } from './judge.js'
import { digestOfShown } from './list-shown.js'
import { listMethod, listMethods, type ListMethod } from './list-methods.js'
import { pageOf, readPage, type ListPage } from './list-page.js'
import { noteListed } from './list-notes.js'
import type { PipelineParts } from './parts.js'
import { refusal, withheld } from './refuse.js'
import type { Judging } from './judging.js'
import { schemalessIn } from './shown-schemas.js'
import type { ResponseStep } from './response-steps.js'
import { asJudged } from './shown-to-candidate.js'

/** Lists show what their reader may use: each page as `mcp/list` leaves it. */
export const listedItems: ResponseStep = {
  reads: ({ call, policy }) =>
    policy.hooks.list && (listMethod(call.operation.kind) !== undefined || isUnasked(call)),
  release: (message, judging, parts) => {
    if (message.outcome.type === 'error') return message
    const method = listMethod(judging.call.operation.kind)
    return method === undefined
      ? releaseUnasked(message, judging, parts)
      : releasePage(message, method, judging, parts)
  },
}

/** A response that answers no call that is known; not what comes back for an answer of the client. */
function isUnasked({ operation, direction }: Call): boolean {
  return operation.kind === 'unsolicited' && direction === 'to_client'
}

/** In a reply to no call that is known a list is whatever looks like one. */
async function releaseUnasked(
  message: ResponseMessage,
  judging: Judging,
  parts: PipelineParts,
): Promise<ResponseMessage> {
  let released = message
  for (const [kind, method] of listMethods) {
    if (message.members.get(method.member)?.shape !== 'array') continue
    const operation = { type: 'other', kind, params: undefined } as const
    const asked = { ...judging, call: { ...judging.call, operation } }
    released = await releasePage(released, method, asked, parts)
  }
  return released
}

async function releasePage(
  message: ResponseMessage,
  method: ListMethod,
  judging: Judging,
  parts: PipelineParts,
): Promise<ResponseMessage> {
  const page = pageIn(message, method)
  if (page instanceof GatewayError) return releaseUnreadable(message, page, judging, parts)
  const { input, decision, evalUs } = ask(message, page, judging, parts)
  const decisionId = parts.newId()
  parts.trial?.saw(asJudged(input, decision, decisionId, page.names))
  await put({ decisionId, decision, evalUs }, wouldHide(page, decision, parts), judging, parts)
  if (!enforces(parts.mode)) return message
  const schemaless = schemalessIn(message.text, page.span, judging)
  const shown = digestOfShown(page.names, decision, schemaless)
  noteListed(message, { method, page, shown }, judging, parts)
  if (decision.effect === 'deny') throw refusal(decision, decisionId, { forwarded: true })
  return withShown(message, method, page, decision)
}

function pageIn(message: ResponseMessage, method: ListMethod): ListPage | GatewayError {
  try {
    return readPage(message, method)
  } catch (thrown) {
    if (thrown instanceof GatewayError) return thrown
    throw thrown
  }
}

/** @throws GatewayError in enforce mode */
async function releaseUnreadable(
  message: ResponseMessage,
  fault: GatewayError,
  judging: Judging,
  parts: PipelineParts,
): Promise<ResponseMessage> {
  const { revision } = judging.policy
  const decisionId = parts.newId()
  const decision = policyError({ ...unruled, revision }, 'input', fault.message)
  await put({ decisionId, decision, evalUs: 0 }, undefined, judging, parts)
  if (!enforces(parts.mode)) return message
  throw withheld(fault, decisionId, revision)
}

function ask(
  { text }: ResponseMessage,
  { span }: ListPage,
  { call, policy, described }: Judging,
  parts: PipelineParts,
): { readonly input: PolicyInput; readonly decision: Shown | Deny; readonly evalUs: number } {
  const description = described?.call === call ? described : parts.describe(call)
  const input = inputAt(description, { hook: 'list', time: parts.now(), items: { text, span } })
  const started = performance.now()
  const decision = policy.list(input)
  return { input, decision, evalUs: Math.round((performance.now() - started) * 1000) }
}

function put(
  verdict: { decisionId: string; decision: Shown | Deny; evalUs: number },
  hidden: readonly string[] | undefined,
  { call, policy }: Judging,
  parts: PipelineParts,
): Promise<void> {
  const bundleDigest = policy.digest
  const judged = { verdict, hook: 'list', call, sent: undefined, bundleDigest } as const
  return record({ ...judged, failOpen: false, wouldHide: hidden }, parts)
}

/** What enforcement would have hidden. */
function wouldHide(
  { names }: ListPage,
  decision: Shown | Deny,
  { mode }: PipelineParts,
): readonly string[] | undefined {
  if (enforces(mode) || decision.effect === 'deny') return undefined
  const shown = new Set(decision.names)
  return names.filter((name) => !shown.has(name))
}

function withShown(
  message: ResponseMessage,
  { member }: ListMethod,
  page: ListPage,
  { names }: Shown,
): ResponseMessage {
  const shown = new Set(names)
  const left = pageOf(page, (name) => shown.has(name))
  const result = left === undefined ? undefined : insertAt(resultOf(message), [member], left)
  return result === undefined ? message : withResult(message, result)
}
