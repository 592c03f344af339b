import type { Call } from '../domain/call.js'
import type { Eras } from '../domain/era.js'
import { GatewayError } from '../domain/errors.js'
import type { Catalog, ProbedUpstream, StreamRequest, Upstream } from '../domain/ports.js'
import type { Reply } from '../domain/reply.js'
import type { BridgeLimits } from './bridge-parts.js'
import { createLegacySide } from './legacy-side.js'
import { disagreeing } from './mirrored-arguments.js'
import { codes, errorReply } from './messages.js'
import { createModernSide } from './modern-side.js'

export { defaultLimits, type BridgeLimits } from './bridge-parts.js'

export interface BridgeOptions {
  readonly upstream: Upstream
  /** @throws GatewayError where the server cannot be asked */
  readonly eras: () => Promise<Eras>
  /** Ids that cannot be guessed. */
  readonly newId: () => string
  readonly limits: BridgeLimits
  /** Says which arguments of a tool have to stand in `Mcp-Param-*` headers too. */
  readonly catalog: Catalog
}

/**
 * A server that clients of both eras can talk to, whichever it speaks itself. What it speaks goes to it untouched; the
 * rest is translated.
 */
export function createBridge(options: BridgeOptions): ProbedUpstream {
  const { upstream, eras } = options
  const legacy = createLegacySide(options, async () => {
    const [revision] = (await eras()).modern
    // A session of ours that this server cannot have: the server is another one by now, or the id is made up.
    if (revision === undefined) throw new GatewayError('session_not_found', 'Session not found')
    return revision
  })
  const modern = createModernSide(options)

  /** Who is to translate; undefined where nobody has to. */
  const sideOf = async ({ era, session }: Call) => {
    if (legacy.knows(session)) return legacy
    const spoken = await eras()
    if (spoken[era].length > 0) return undefined
    return era === 'legacy' ? legacy : modern
  }
  const isBridged = async ({ session }: StreamRequest): Promise<boolean> =>
    legacy.knows(session) || (await eras()).legacy.length === 0

  return {
    name: upstream.name,
    eras,
    send: async (call, hangUp) => {
      const id = call.message.form === 'request' ? call.message.id : 'null'
      const header = call.era === 'modern' ? disagreeing(call, options.catalog) : undefined
      if (header !== undefined) return disagreement(id, header)
      const side = await sideOf(call)
      if (side === undefined) return upstream.send(call, hangUp)
      return asServer(() => side.send(call, hangUp), id)
    },
    listen: async (stream, hangUp) =>
      (await isBridged(stream))
        ? asServer(() => legacy.listen(stream, hangUp), 'null')
        : upstream.listen(stream, hangUp),
    answer: async (stream, text) => {
      if (await isBridged(stream)) legacy.answer(stream.session, text)
      else await upstream.answer(stream, text)
    },
    end: async (stream, hangUp) => {
      if (!(await isBridged(stream))) return upstream.end(stream, hangUp)
      return asServer(() => legacy.end(stream.session), 'null')
    },
    close: async () => {
      legacy.close()
      await modern.close()
      await upstream.close()
    },
  }
}

/** A server on stdio has no headers to compare, so that is done here. */
function disagreement(id: string, header: string): Reply {
  const message = `${header} and the argument in the body disagree`
  return errorReply(id, { code: codes.headerMismatch, message }, 400)
}

/** Faults of a session as a server answers them: they are no failure of the upstream. */
async function asServer(give: () => Promise<Reply> | Reply, id: string): Promise<Reply> {
  try {
    return await give()
  } catch (thrown) {
    if (!(thrown instanceof GatewayError)) throw thrown
    const { message } = thrown
    if (thrown.code === 'session_not_found') return errorReply(id, { code: -32001, message }, 404)
    if (thrown.code === 'session_required') return errorReply(id, { code: -32000, message }, 400)
    throw thrown
  }
}
