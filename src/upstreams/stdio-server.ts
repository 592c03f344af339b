import type { Upstream } from '../domain/ports.js'
import { createChildren } from './stdio-children.js'
import type { ChildExit } from './stdio-events.js'
import { createConnect, defaultLimits, type StdioOptions } from './stdio-options.js'
import { replies } from './stdio-replies.js'

/** A server with one client: one child for everything, in whichever era the two speak. */
export interface StdioServer extends Upstream {
  /** Resolves when the child has ended; everything in flight has failed by then, and it is not started again. */
  readonly ended: Promise<ChildExit>
}

/** Starts the child at once. No session is needed, nothing is asked of the server but what the client asks. */
export function createStdioServer(options: StdioOptions): StdioServer {
  const limits = { ...defaultLimits, ...options.limits }
  const children = createChildren({ ...options, graceMs: limits.graceMs })
  const connection = createConnect(options, limits, children)('one')
  return {
    name: options.name,
    ended: connection.ended,
    send: connection.send,
    listen: (_stream, hangUp) => new Promise((resolve) => resolve(connection.listen(hangUp))),
    answer: (_stream, text) =>
      new Promise((resolve) => {
        connection.answer(text)
        resolve()
      }),
    end: () => Promise.resolve(replies.methodNotAllowed()),
    async close() {
      await connection.close()
      await children.close()
    },
  }
}
