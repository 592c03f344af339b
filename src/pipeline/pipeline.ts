import type { Call } from '../domain/call.js'
import { asGatewayError, GatewayError } from '../domain/errors.js'
import type { HangUp } from '../domain/hang-up.js'
import type { ResponseMessage } from '../domain/message.js'
import type { Pipeline } from '../domain/ports.js'
import type { Reply } from '../domain/reply.js'
import { admit, unjudged, type Permitted } from './admit.js'
import type { Answer, Handled, RefusedAnswer } from '../domain/answer.js'
import { onTrial } from './on-trial.js'
import type { PipelineParts } from './parts.js'
import { afterAdmission } from './refuse.js'
import { rehearse } from './rehearse.js'
import { admitAnswer } from './relay-answer.js'
import { release } from './release.js'
import { releaseListening } from './release-listening.js'
import { piped } from './release-stream.js'
import { comparableId } from './request-id.js'

/** A straight line: admit, forward, release. A throw before forward means nothing was forwarded. */
export function createPipeline(parts: PipelineParts): Pipeline {
  const { candidate } = parts
  return candidate === undefined ? pipelineOf(parts) : onTrial(parts, candidate, pipelineOf)
}

function pipelineOf(parts: PipelineParts): Pipeline {
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

  const handleAnswer = async (
    call: Call,
    message: ResponseMessage,
    hangUp: HangUp,
  ): Promise<Handled> => {
    refuseUngoverned(parts)
    const state = policies.current()
    const policy = parts.mode !== 'off' && state.state === 'active' ? state.policy : undefined
    const { judged, sent } =
      policy === undefined
        ? { judged: call, sent: call }
        : await admitAnswer(call, message, policy, parts)
    const reply = await forward(sent, hangUp)
    // An answer has no reply; whatever comes nevertheless was not asked for.
    const answer = await release(reply, unjudged(call, policy, ''), parts)
    return { answer, calls: [{ call: judged, decisionId: '', revision: '' }] }
  }

  /** What comes of a call that was admitted. A failure from here on keeps the decision that let it go. */
  const complete = async (
    permitted: Permitted,
    hangUp: HangUp,
  ): Promise<Answer | RefusedAnswer> => {
    try {
      const reply = await forward(permitted.sent, hangUp)
      return await release(reply, permitted, parts)
    } catch (thrown) {
      const { message, session } = permitted.call
      // Its reply may still come on a resumed stream: from now on this id names no call without doubt.
      if (message.form === 'request') parts.openCalls.open(session, comparableId(message.id))
      const error = asGatewayError(thrown)
      return { type: 'refused', error: afterAdmission(error, permitted) }
    }
  }

  return {
    handle: async (call, hangUp) => {
      const { message } = call
      if (message.form === 'response') return handleAnswer(call, message, hangUp)
      const admitted = await admit(call, parts)
      const { decisionId } = admitted
      const revision = admitted.policy?.revision ?? ''
      const answer =
        admitted.type === 'rehearsed' ? rehearse(admitted, parts) : await complete(admitted, hangUp)
      return { answer, calls: [{ call: admitted.call, decisionId, revision }] }
    },
    listen: async (call, hangUp) => {
      refuseUngoverned(parts)
      const { session, headers } = call
      const reply = await upstream.listen({ session, headers }, hangUp)
      return parts.mode === 'off' ? piped(reply) : releaseListening(reply, call, hangUp, parts)
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
  throw new GatewayError('policy_unavailable', 'No policy is in force')
}
