import type { RequestMessage } from '../domain/message.js'
import { readProtocolVersion } from '../wire/operation.js'
import { drop, resultAnswer, type AnyAnswer } from './answers.js'
import { handled, type Asking } from './asking.js'
import { callTo, streamCallTo } from './call-to.js'
import { resultsOf } from './fan-out.js'
import { hear, ignored, type Heard, type HeardResult } from './hear.js'
import { announcedBy, introduction, ownName } from './introduction.js'
import type { Member } from './member.js'
import type { AggregateParts } from './parts.js'
import { seatOf } from './seats.js'
import { writeSessionMap, type Seat } from './session-map.js'
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
  for (const { server } of others) {
    parts.events.serverLeftOut(
      server,
      message.method,
      new GatewayError('unsupported_version', 'The server speaks another revision'),
    )
  }
  await Promise.all(others.map((result) => leave(asking, result, parts)))
  return merge(asking, message, agreed, parts)
}

/** Answers for a configuration without servers, which cannot be. */
function nobody(): AnyAnswer {
  return {
    type: 'refused',
    error: new GatewayError('upstream_unavailable', 'There is no upstream'),
  }
}

async function introduce(
  asking: Asking,
  member: Member,
  { newId, maxMessageBytes }: AggregateParts,
): Promise<Heard> {
  const opening = callTo(asking.call, member, undefined, { id: newId() })
  const answer = await handled(asking, member, opening)
  return hear(answer, opening, { member, era: 'legacy', maxMessageBytes }, ignored)
}

/**
 * Servers may answer with an older revision than was asked for; one that can only speak a newer one does not understand
 * this client, unless none does.
 */
function agreement(results: readonly HeardResult[], asked: string) {
  const speaks = (result: HeardResult): string => seatOf(result).protocol
  const lowest = results.map(speaks).reduce((one, other) => (other < one ? other : one))
  const limit = lowest > asked ? lowest : asked
  return {
    agreed: results.filter((result) => speaks(result) <= limit),
    others: results.filter((result) => speaks(result) > limit),
  }
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
  const seats = new Map<string, Seat>(agreed.map((result) => [result.server, seatOf(result)]))
  const protocolVersion = [...seats.values()]
    .map(({ protocol }) => protocol)
    .reduce((one, other) => (other < one ? other : one))
  const isPartial = seats.size < parts.members.size
  const { capabilities, instructions, meta } = introduction(agreed, isPartial)
  const map = writeSessionMap(seats, parts.newId())
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
