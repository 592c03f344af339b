import type { Call } from '../domain/call.js'
import { GatewayError } from '../domain/errors.js'
import type { HangUp } from '../domain/hang-up.js'
import type { Pipeline } from '../domain/ports.js'
import type { Reply } from '../domain/reply.js'
import { admit, permitted, type Permitted } from './admit.js'
import type { Handled } from '../domain/answer.js'
import type { PipelineParts } from './parts.js'
import { rehearse } from './rehearse.js'
import { admitAnswer } from './relay-answer.js'
import { piped, release } from './release.js'
import { releaseListening } from './release-listening.js'

/** A straight line: admit, forward, release. A throw before forward means nothing was forwarded. */
export function createPipeline(parts: PipelineParts): Pipeline {
  const { upstream, policies } = parts

  const forward = async (call: Call, hangUp: HangUp): Promise<Reply> => {
    const started = performance.now()
    try {
      const reply = await upstream.send(call, hangUp)
      parts.events.upstreamAnswered(upstream.name, (performance.now() - started) / 1000)
      return reply
    } catch (thrown) {
      if (!hangUp.happened) parts.events.upstreamFailed(upstream.name, thrown)
      throw thrown
    }
  }

  const handleAnswer = async (call: Call, hangUp: HangUp): Promise<Handled> => {
    const state = policies.current()
    refuseUngoverned(parts)
    const judged =
      parts.mode !== 'off' && state.state === 'active' && call.message.form === 'response'
        ? { policy: state.policy, sent: await admitAnswer(call, call.message, state.policy, parts) }
        : { policy: undefined, sent: call }
    const reply = await forward(judged.sent, hangUp)
    // An answer has no reply; whatever comes nevertheless was not asked for.
    const answer = await release(reply, permitted(call, judged.policy, '', []), parts)
    return { answer, decisionId: '', revision: '' }
  }

  return {
    handle: async (call, hangUp) => {
      if (call.message.form === 'response') return handleAnswer(call, hangUp)
      const admitted = await admit(call, parts)
      const ruled = {
        decisionId: admitted.decisionId,
        revision: admitted.policy?.revision ?? '',
      }
      if (admitted.type === 'rehearsed') return { answer: rehearse(admitted), ...ruled }
      const reply = await forward(admitted.call, hangUp)
      return { answer: await release(reply, original(admitted, call), parts), ...ruled }
    },
    listen: async (call, hangUp) => {
      refuseUngoverned(parts)
      const { session, headers } = call
      const reply = await upstream.listen({ session, headers }, hangUp)
      return parts.mode === 'off' ? piped(reply) : releaseListening(reply, call, parts)
    },
    end: async (call, hangUp) => {
      const { session, headers } = call
      return piped(await upstream.end({ session, headers }, hangUp))
    },
  }
}

/** Without a policy that must be there, nothing may flow. */
function refuseUngoverned({ mode, failMode, policies }: PipelineParts): void {
  if (mode !== 'enforce') return
  const state = policies.current()
  if (state.state === 'active' || (state.state === 'absent' && failMode === 'open')) return
  throw new GatewayError('policy_unavailable', state.message)
}

/** What comes back is judged beside the call as its caller made it. */
function original(admitted: Permitted, call: Call): Permitted {
  return { ...admitted, call }
}
