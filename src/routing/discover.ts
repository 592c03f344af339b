import { GatewayError } from '../domain/errors.js'
import type { RequestMessage } from '../domain/message.js'
import { serverInfoKey } from '../wire/eras.js'
import { resultAnswer, type AnyAnswer } from './answers.js'
import type { Asking } from './asking.js'
import { cacheHints } from './cache-hints.js'
import { askSeveral, resultsOf, type FanOutParts } from './fan-out.js'
import { outcomeOf, type Aside, type HeardResult } from './hear.js'
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
  const { results, missing } = resultsOf(heard, asking, parts)
  const [first] = missing
  if (results.length === 0) return first?.answer ?? nothing
  const isPartial = missing.length > 0
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

/** In the order of the first. */
function versionsOfAll(results: readonly HeardResult[]): readonly unknown[] {
  const lists = results.map(({ message }) => {
    const { supportedVersions } = outcomeOf(message)
    return Array.isArray(supportedVersions) ? (supportedVersions as readonly unknown[]) : []
  })
  const [first = [], ...others] = lists
  return first.filter((version) => others.every((list) => list.includes(version)))
}
