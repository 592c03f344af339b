import { GatewayError } from '../domain/errors.js'
import type { RequestMessage } from '../domain/message.js'
import { serverInfoKey } from '../wire/eras.js'
import { resultAnswer, type AnyAnswer } from './answers.js'
import type { Asking } from './asking.js'
import type { AggregateParts } from './parts.js'
import { cacheHints } from './cache-hints.js'
import { askSeveral, resultsOf, type FanOutParts } from './fan-out.js'
import { outcomeMember, type Aside, type HeardResult } from './hear.js'
import { introduction, ownName } from './introduction.js'

/** What all servers that can be had offer a modern client, as one server. */
export async function discover(
  asking: Asking,
  message: RequestMessage,
  aside: Aside,
  fanOut: FanOutParts,
): Promise<AnyAnswer> {
  const { parts } = fanOut
  const questions = [...parts.members.values()].map((member) => ({ member }))
  const heard = await askSeveral(asking, questions, aside, fanOut)
  const { results: all, missing } = resultsOf(heard, asking, parts)
  const [first] = missing
  if (all.length === 0) return first?.answer ?? nothing
  const results = speaking(all, asking, parts)
  const isPartial = results.length < parts.members.size
  const { capabilities, instructions, meta } = introduction(results, isPartial)
  const info = { [serverInfoKey]: { name: ownName, version: parts.version } }
  const result = {
    resultType: 'complete',
    supportedVersions: versionsOfAll(results),
    capabilities,
    ...(instructions === undefined ? {} : { instructions }),
    ...cacheHints(results, isPartial),
    _meta: { ...meta, ...info },
  }
  return resultAnswer(message.id, JSON.stringify(result))
}

const nothing: AnyAnswer = {
  type: 'refused',
  error: new GatewayError('upstream_unavailable', 'There is no upstream'),
}

/** A server that does not speak as the client does has no part in it, unless none does. */
function speaking(
  results: readonly HeardResult[],
  { call }: Asking,
  { events }: AggregateParts,
): readonly HeardResult[] {
  const those = results.filter((result) => versionsOf(result).includes(call.protocol))
  if (those.length === 0) return results
  for (const result of results) {
    if (those.includes(result)) continue
    const error = new GatewayError('unsupported_version', 'The server speaks another revision')
    events.serverLeftOut(result.server, call.operation.kind, error)
  }
  return those
}

function versionsOf({ message }: HeardResult): readonly unknown[] {
  const versions = outcomeMember(message, 'supportedVersions')
  return Array.isArray(versions) ? (versions as readonly unknown[]) : []
}

/** In the order of the first. */
function versionsOfAll(results: readonly HeardResult[]): readonly unknown[] {
  const [first = [], ...others] = results.map(versionsOf)
  return first.filter((version) => others.every((list) => list.includes(version)))
}
