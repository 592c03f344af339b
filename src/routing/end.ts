import { asGatewayError } from '../domain/errors.js'
import { drop, isSaid, sessionGone, type AnyAnswer } from './answers.js'
import type { Asking } from './asking.js'
import { streamCallTo } from './call-to.js'
import { present } from './everyone.js'
import type { FanOutParts } from './fan-out.js'

/** Ends the session at every server. One that cannot be reached, or that ends none, does not keep the others open. */
export async function endAll(asking: Asking, fanOut: FanOutParts): Promise<AnyAnswer> {
  const { call, lines } = asking
  const open = present(call, fanOut).filter(({ seat }) => seat.id !== undefined)
  const answers = await Promise.all(
    open.map(async ({ member, seat }): Promise<AnyAnswer> => {
      try {
        const answer = await member.pipeline.end(
          streamCallTo(call, member, seat, undefined),
          lines.line(),
        )
        drop(answer)
        return answer
      } catch (thrown) {
        const error = asGatewayError(thrown)
        fanOut.parts.events.serverLeftOut(member.name, 'DELETE', error)
        return { type: 'refused', error }
      }
    }),
  )
  if (call.session !== undefined) fanOut.parts.memory.forget(call.session.upstreamId)
  const [first] = answers
  if (first === undefined || answers.some(isEnded)) return ended
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
