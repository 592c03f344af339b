import { GatewayError } from '../domain/errors.js'
import type { Span } from '../domain/json.js'
import type { RequestMessage } from '../domain/message.js'
import { errorAnswer, resultAnswer, type AnyAnswer } from './answers.js'
import type { Asking } from './asking.js'
import { cacheHints } from './cache-hints.js'
import { readCursor, writeCursor, type Cursor } from './cursors.js'
import { askSeveral, resultsOf, type FanOutParts, type Question } from './fan-out.js'
import { unitedMember } from './introduction.js'
import { outcomeMember, type Aside, type Heard, type HeardResult } from './hear.js'
import { offers } from './session-map.js'
import { withCursor } from './towards-server.js'

/** The member of its result that holds the items of a list. */
export function listMember(method: string): string | undefined {
  return lists.get(method)
}

const lists: ReadonlyMap<string, string> = new Map([
  ['tools/list', 'tools'],
  ['prompts/list', 'prompts'],
  ['resources/list', 'resources'],
  ['resources/templates/list', 'resourceTemplates'],
  ['tasks/list', 'tasks'],
])

/** One page of the lists of all servers, in the order of configuration. */
export async function list(
  asking: Asking,
  message: RequestMessage,
  member: string,
  aside: Aside,
  fanOut: FanOutParts,
): Promise<AnyAnswer> {
  const cursor = cursorOf(message)
  if (cursor === 'invalid') return invalidCursor(message)
  const questions = questionsFor(asking, message.method, cursor, fanOut)
  if (cursor !== undefined && questions.length === 0) return invalidCursor(message)
  const heard = (await askSeveral(asking, questions, aside, fanOut)).map((each) =>
    withItems(each, member),
  )
  const { results, missing } = resultsOf(heard, asking, fanOut.parts)
  const failed = missing.filter(({ isUnknown }) => !isUnknown)
  const [first] = failed.length > 0 ? failed : missing
  // A list that nobody has is not there; of servers of which some know it, the others have nothing on it.
  if (results.length === 0 && first !== undefined) return first.answer
  return resultAnswer(
    message.id,
    mergedResult(results, member, asking.call.era === 'modern', failed.length > 0),
  )
}

function invalidCursor({ id }: RequestMessage): AnyAnswer {
  return errorAnswer(id, -32602, 'Invalid cursor')
}

function cursorOf({ params, text }: RequestMessage): Cursor | undefined | 'invalid' {
  const given = params?.members.get('cursor')
  if (given === undefined || given.shape === 'null') return undefined
  const { start, end } = given.value
  return readCursor(JSON.parse(text.toString('utf8', start, end))) ?? 'invalid'
}

/** On the first page whoever may have something; on the next ones whoever has more. */
function questionsFor(
  { call }: Asking,
  method: string,
  cursor: Cursor | undefined,
  { parts: { members }, seats }: FanOutParts,
): readonly Question[] {
  const taken = seats.taken(call)
  const asked = [...members.values()].filter(({ name }) => {
    if (cursor !== undefined) return cursor.has(name)
    const seat = taken.get(name)
    return seat === undefined ? seats.canJoin(call) : offers(seat, method)
  })
  return asked.map((member) => {
    const more = cursor?.get(member.name)
    if (more === undefined) return { member }
    const text = withCursor(member.towardsServer(call.message), JSON.stringify(more))
    return { member, text }
  })
}

/** Longest cursor of one server, characters: a client sends the cursors of all back in one message. */
const longestCursor = 64 * 1024

/** A list that is none counts as none, and so does one that cannot go on. */
function withItems(heard: Heard, member: string): Heard {
  if (heard.type === 'nothing') return heard
  const { server, message } = heard
  const isList = message.members.get(member)?.shape === 'array'
  const [, cursor = ''] = nextOf(heard)[0] ?? []
  if (isList && cursor.length <= longestCursor) return heard
  const error = new GatewayError(
    'upstream_invalid',
    isList ? 'The cursor of the list is too long' : `The result has no list "${member}"`,
  )
  return { type: 'nothing', server, error, answer: { type: 'refused', error }, isUnknown: false }
}

function mergedResult(
  results: readonly HeardResult[],
  member: string,
  isModern: boolean,
  isPartial: boolean,
): string {
  const items = results.map((result) => itemsOf(result, member)).filter((text) => text !== '')
  const more: Cursor = new Map(results.flatMap(nextOf))
  const meta = unitedMember(results, '_meta')
  const rest = JSON.stringify({
    ...(more.size === 0 ? {} : { nextCursor: writeCursor(more) }),
    ...(isModern ? { resultType: 'complete', ...cacheHints(results, isPartial) } : {}),
    ...(Object.keys(meta).length === 0 ? {} : { _meta: meta }),
  })
  const tail = rest === '{}' ? '}' : `,${rest.slice(1)}`
  return `{${JSON.stringify(member)}:[${items.join(',')}]${tail}`
}

function nextOf({ server, message }: HeardResult): [string, string][] {
  const nextCursor = outcomeMember(message, 'nextCursor')
  return typeof nextCursor === 'string' ? [[server, nextCursor]] : []
}

/** The text between the brackets, every item as its server spelled it. */
function itemsOf({ message }: HeardResult, member: string): string {
  const span: Span = message.members.get(member)?.value ?? { start: 0, end: 2 }
  return message.text.toString('utf8', span.start + 1, span.end - 1).trim()
}
