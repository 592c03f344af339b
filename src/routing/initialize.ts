import type { RequestMessage } from '../domain/message.js'
import { readProtocolVersion } from '../wire/operation.js'
import { drop, resultAnswer, type AnyAnswer } from './answers.js'
import { handled, type Asking } from './asking.js'
import { callTo, streamCallTo } from './call-to.js'
import { resultsOf } from './fan-out.js'
import { hear, ignored, nothing, type Heard, type HeardResult } from './hear.js'
import { toRequest } from './belonging.js'
import { inTime } from './in-time.js'
import { announcedBy, introduction, ownName } from './introduction.js'
import type { Member } from './member.js'
import type { AggregateParts } from './parts.js'
import { seatOf } from './seats.js'
import { writeSessionMap } from './session-map.js'
import { legacyRevisions } from '../wire/eras.js'
import { GatewayError } from '../domain/errors.js'

/** Longest session id before it is sealed, bytes: sealed it has at most 8 KiB, which a header can carry. */
const longestMap = 6_000

/** Begins a session at every server that can be had, and makes them one. */
export async function initialize(
  asking: Asking,
  message: RequestMessage,
  parts: AggregateParts,
): Promise<AnyAnswer> {
  const heard = await Promise.all(
    [...parts.members.values()].map((member) => introduce(asking, member, parts)),
  )
  const { results, missing } = resultsOf(heard, asking, parts)
  const [first] = missing
  if (results.length === 0) return first?.answer ?? nobody()
  const { agreed, others } = agreement(results, readProtocolVersion(message) ?? '')
  const { fitting, tooLong } = thatFit(agreed)
  const leftOut = [
    ...others.map((result) => [result, speaksOtherwise] as const),
    ...tooLong.map((result) => [result, idTooLong] as const),
  ]
  for (const [{ server }, error] of leftOut) {
    parts.events.serverLeftOut(server, message.method, error)
  }
  await Promise.all(leftOut.map(([result]) => leave(asking, result, parts)))
  return merge(asking, message, fitting, parts)
}

const speaksOtherwise = new GatewayError(
  'unsupported_version',
  'The server speaks another revision',
)
const idTooLong = new GatewayError(
  'upstream_invalid',
  'The session id of the server is too long to be one of several',
)

/** Answers for a configuration without servers, which cannot be. */
function nobody(): AnyAnswer {
  return {
    type: 'refused',
    error: new GatewayError('upstream_unavailable', 'There is no upstream'),
  }
}

function introduce(
  asking: Asking,
  member: Member,
  { newId, maxMessageBytes, longestWaitMs, inFlight }: AggregateParts,
): Promise<Heard> {
  const { call } = asking
  const belongs = toRequest(call, call.message, member, inFlight)
  const work = async (attempt: Asking): Promise<Heard> => {
    const answer = await handled(attempt, member, callTo(call, member, undefined, { id: newId() }))
    return hear(answer, { member, era: 'legacy', maxMessageBytes, belongs }, ignored)
  }
  return inTime(asking, longestWaitMs, work, (error) => nothing(member.name, error))
}

/**
 * Servers may answer with an older revision than was asked for; one that can only speak a newer one does not understand
 * this client, unless none does. What is no revision at all counts for none.
 */
function agreement(results: readonly HeardResult[], asked: string) {
  const speaks = (result: HeardResult): string => seatOf(result).protocol
  const known = results.filter(
    (result) => speaks(result) === asked || legacyRevisions.includes(speaks(result)),
  )
  const counted = known.length === 0 ? results : known
  const lowest = counted.map(speaks).reduce((one, other) => (other < one ? other : one))
  const limit = lowest > asked ? lowest : asked
  const agreed = counted.filter((result) => speaks(result) <= limit)
  return { agreed, others: results.filter((result) => !agreed.includes(result)) }
}

/** Where all session ids together are too long, the longest stay away: one server cannot take the room of all. */
function thatFit(agreed: readonly HeardResult[]) {
  const lengthOf = (result: HeardResult): number => JSON.stringify(seatOf(result)).length
  const fitting = [...agreed].sort((one, other) => lengthOf(one) - lengthOf(other))
  const tooLong: HeardResult[] = []
  while (fitting.length > 1 && Buffer.byteLength(mapOf(fitting, emptyNonce)) > longestMap) {
    tooLong.push(...fitting.splice(-1))
  }
  return { fitting: agreed.filter((result) => fitting.includes(result)), tooLong }
}

/** As long as a nonce is. */
const emptyNonce = ' '.repeat(36)

function mapOf(agreed: readonly HeardResult[], nonce: string): string {
  return writeSessionMap(new Map(agreed.map((result) => [result.server, seatOf(result)])), nonce)
}

async function leave(
  asking: Asking,
  result: HeardResult,
  { members }: AggregateParts,
): Promise<void> {
  const member = members.get(result.server)
  const seat = seatOf(result)
  if (member === undefined || seat.id === undefined) return
  const call = streamCallTo(asking.call, member, seat, undefined)
  await member.pipeline.end(call, asking.lines.line()).then(drop, () => undefined)
}

function merge(
  { call }: Asking,
  message: RequestMessage,
  agreed: readonly HeardResult[],
  parts: AggregateParts,
): AnyAnswer {
  const protocolVersion = agreed
    .map((result) => seatOf(result).protocol)
    .reduce((one, other) => (other < one ? other : one))
  const isPartial = agreed.length < parts.members.size
  const { capabilities, instructions, meta } = introduction(agreed, isPartial)
  const map = mapOf(agreed, parts.newId())
  if (Buffer.byteLength(map) > longestMap) {
    const error = new GatewayError(
      'upstream_invalid',
      'The session ids of the upstreams are too long',
    )
    return { type: 'refused', error }
  }
  parts.memory.keep(map, call.message.text, announcedBy(capabilities))
  const result = {
    protocolVersion,
    capabilities,
    serverInfo: { name: ownName, version: parts.version },
    ...(instructions === undefined ? {} : { instructions }),
    ...(Object.keys(meta).length === 0 ? {} : { _meta: meta }),
  }
  return resultAnswer(message.id, JSON.stringify(result), [['mcp-session-id', map]])
}
