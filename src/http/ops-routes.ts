import { fastify } from 'fastify'
import { doorOf, type Door } from './door.js'

/** What operators and probes ask for; on a port of its own, never on that of MCP. */
export interface OpsParts {
  readonly metrics: () => Promise<{ readonly contentType: string; readonly text: string }>
  readonly readiness: () => Readiness
}

export interface Readiness {
  readonly ready: boolean
  /** The body of `/readyz`: what is in force, and what is wrong. */
  readonly report: Readonly<Record<string, unknown>>
}

export function createOpsServer({ metrics, readiness }: OpsParts): Door {
  const app = fastify({ logger: false, forceCloseConnections: true })
  app.get('/healthz', (_request, reply) => reply.send({ status: 'ok' }))
  app.get('/readyz', (_request, reply) => {
    const { ready, report } = readiness()
    return reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not_ready', ...report })
  })
  app.get('/metrics', async (_request, reply) => {
    const { contentType, text } = await metrics()
    return reply.header('content-type', contentType).send(text)
  })
  return doorOf(app)
}
