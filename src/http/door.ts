import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'

/** A server on a port of its own. */
export interface Door {
  /**
   * Gives the address that it is served at, without a path.
   * @throws Error of the system where the port cannot be had
   */
  listen(at: { readonly host: string; readonly port: number }): Promise<string>
  /** Takes no more requests; resolves when the ones that it took are answered. */
  close(): Promise<void>
  /** Ends every connection, answered or not. */
  cutOff(): void
}

export function doorOf(app: FastifyInstance): Door {
  return {
    listen: async ({ host, port }) => {
      await app.listen({ host, port })
      const bound = app.server.address() as AddressInfo
      return `http://${host.includes(':') ? `[${host}]` : host}:${bound.port}`
    },
    close: () => app.close(),
    cutOff: () => app.server.closeAllConnections(),
  }
}
