import type { Call } from '../domain/call.js'
import { GatewayError } from '../domain/errors.js'
import type { Pipeline } from '../domain/ports.js'
import type { Reply } from '../domain/reply.js'
import { admit, type Permitted } from './admit.js'
import type { Handled } from '../domain/answer.js'
import type { PipelineParts } from './parts.js'
import { rehearse } from './rehearse.js'
import { admitAnswer } from './relay-answer.js'
import { release } from './release.js'
import { releaseEvents } from './release-events.js'

/** A straight line: admit, forward, release. A throw before forward means nothing was forwarded. */
export function createPipeline(parts: PipelineParts): Pipeline {
  const { upstream, policies } = parts

  const forward = async (call: Call, signal: AbortSignal): Promise<Reply> => {
    const started = performance.now()
    try {
      const reply = await upstream.send(call, signal)
      parts.events.upstreamAnswered(upstream.name, (performance.now() - started) / 1000)
      return reply
    } catch (thrown) {
      if (!signal.aborted) parts.events.upstreamFailed(upstream.name, thrown)
      throw thrown
    }
  }

  const handleAnswer = async (call: Call, signal: AbortSignal): Promise<Handled> => {
    const state = policies.current()
    refuseUngoverned(parts)
    const judged =
      parts.mode === 'off' || state.state !== 'active' || call.message.form !== 'response'
        ? call
        : await admitAnswer(call, call.message, state.policy, parts)
    const reply = await forward(judged, signal)
    return { answer: relayed(reply), decisionId: '', revision: '' }
  }

  return {
    handle: async (call, signal) => {
      if (call.message.form === 'response') return handleAnswer(call, signal)
      const admitted = await admit(call, parts)
      const ruled = {
        decisionId: admitted.decisionId,
        revision: admitted.policy?.revision ?? '',
      }
      if (admitted.type === 'rehearsed') return { answer: rehearse(admitted), ...ruled }
      const reply = await forward(admitted.call, signal)
      return { answer: await release(reply, original(admitted, call), parts), ...ruled }
    },
    listen: async (call, signal) => {
      refuseUngoverned(parts)
      const { session, headers } = call
      const reply = await upstream.listen({ session, headers }, signal)
      if (parts.mode === 'off' || reply.form !== 'events') return relayed(reply)
      const permitted = { type: 'permitted', call, policy: undefined, decisionId: '' } as const
      const stream = { permitted: { ...permitted, warnings: [] }, listening: true }
      return { ...relayed(reply), chunks: releaseEvents(reply.body, stream, parts) }
    },
    end: async (call, signal) => {
      const { session, headers } = call
      return relayed(await upstream.end({ session, headers }, signal))
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
function original(permitted: Permitted, call: Call): Permitted {
  return { ...permitted, call }
}

function relayed({ status, headers, body }: Reply) {
  return { type: 'piped', status, headers, chunks: body } as const
}
