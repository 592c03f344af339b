import { asGatewayError, type GatewayError } from '../domain/errors.js'
import { drop, isSaid, sessionGone, type AnyAnswer } from './answers.js'
import type { Asking } from './asking.js'
import { streamCallTo } from './call-to.js'
import { inTime } from './in-time.js'
import { present } from './everyone.js'
import type { FanOutParts } from './fan-out.js'

/** Ends the session at every server. One that cannot be reached, or that ends none, does not keep the others open. */
export async function endAll(asking: Asking, fanOut: FanOutParts): Promise<AnyAnswer> {
  const { call } = asking
  const { memory, events, longestWaitMs } = fanOut.parts
  const open = present(call, fanOut).filter(({ seat }) => seat.id !== undefined)
  const answers = await Promise.all(
    open.map(({ member, seat }) => {
      const failed = (error: GatewayError): AnyAnswer => {
        events.serverLeftOut(member.name, 'DELETE', error)
        return { type: 'refused', error }
      }
      const work = async ({ lines }: Asking): Promise<AnyAnswer> => {
        try {
          const ending = streamCallTo(call, member, seat, undefined)
          const answer = await member.pipeline.end(ending, lines.line())
          drop(answer)
          return answer
        } catch (thrown) {
          return failed(asGatewayError(thrown))
        }
      }
      return inTime(asking, longestWaitMs, work, failed)
    }),
  )
  const [first] = answers
  if (first === undefined || answers.some(isEnded)) {
    if (call.session !== undefined) memory.end(call.session.upstreamId)
    return ended
  }
  return isSaid(first) && first.status === 404 ? sessionGone : withoutBody(first)
}

/** A session that is gone has ended too. */
function isEnded(answer: AnyAnswer): boolean {
  return answer.type === 'accepted' || (isSaid(answer) && answer.status < 300)
}

const nothing = { type: 'whole', headers: [], text: Buffer.alloc(0) } as const
const ended: AnyAnswer = { ...nothing, status: 200 }

function withoutBody(answer: AnyAnswer): AnyAnswer {
  return isSaid(answer) ? { ...nothing, status: answer.status } : answer
}
