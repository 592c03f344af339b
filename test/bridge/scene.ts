import { randomUUID } from 'node:crypto'
import { Client as ModernClient } from '@modelcontextprotocol/client'
import { StreamableHTTPClientTransport as ModernTransport } from '@modelcontextprotocol/client'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { createBridge, defaultLimits, type BridgeLimits } from '../../src/bridge/bridge.js'
import { keepEras, probeEras } from '../../src/bridge/eras.js'
import { createCatalog } from '../../src/catalog/catalog.js'
import type { Answer } from '../../src/domain/answer.js'
import type { Pipeline, ProbedUpstream, Upstream } from '../../src/domain/ports.js'
import type { Reply } from '../../src/domain/reply.js'
import { createDoorkeeper } from '../../src/http/admission.js'
import { createExchanges } from '../../src/http/exchanges.js'
import { createMcpServer } from '../../src/http/server.js'
import { createIdentity } from '../../src/identity/identity.js'
import { openSeal } from '../../src/sessions/seal.js'
import { createSessions } from '../../src/sessions/sessions.js'
import { createHttpUpstream } from '../../src/upstreams/http-upstream.js'
import type { closedAfterEach } from '../support/opened.js'

type Keep = ReturnType<typeof closedAfterEach>

/** A door over a bridge to the server at `url`; where the bridge is served. */
export async function openBridge(
  keep: Keep,
  url: string,
  limits: Partial<BridgeLimits> = {},
): Promise<{ readonly url: string; readonly bridge: ProbedUpstream }> {
  const http = createHttpUpstream({ name: 'there', url, auth: { type: 'none' }, timeoutMs: 10_000 })
  const bridge = createBridge({
    upstream: http,
    eras: keepEras(() => probeEras(http, randomUUID)),
    newId: randomUUID,
    limits: { ...defaultLimits, ...limits },
    catalog: createCatalog(),
  })
  keep(bridge)
  return { url: await openDoor(keep, bridge), bridge }
}

async function openDoor(keep: Keep, upstream: Upstream): Promise<string> {
  const door = createMcpServer(
    {
      maxBodyBytes: 4_194_304,
      routes: [
        {
          paths: ['/mcp'],
          pipeline: relayOver(upstream),
          sessions: createSessions(openSeal),
          server: 'there',
          terminated: true,
        },
      ],
    },
    {
      doorkeeper: createDoorkeeper({ allowedHosts: ['127.0.0.1'], allowedOrigins: [] }),
      exchanges: createExchanges(),
      identity: createIdentity({
        modes: ['trusted-headers'],
        trustedProxies: ['127.0.0.1'],
      }),
      telling: { style: 'http', detail: 'full' },
      events: { ended: () => undefined, requestRefused: () => undefined },
      now: Date.now,
      newId: randomUUID,
    },
  )
  const at = await door.listen({ host: '127.0.0.1', port: 0 })
  keep({
    close: async () => {
      door.cutOff()
      await door.close()
    },
  })
  return `${at}/mcp`
}

/** A pipeline that judges nothing. */
function relayOver(upstream: Upstream): Pipeline {
  const piped = ({ status, headers, body }: Reply): Answer => ({
    type: 'piped',
    status,
    headers,
    chunks: body,
  })
  return {
    handle: async (call, hangUp) => ({
      answer: piped(await upstream.send(call, hangUp)),
      calls: [{ call, decisionId: '', revision: '' }],
    }),
    listen: async ({ session, headers }, hangUp) =>
      piped(await upstream.listen({ session, headers }, hangUp)),
    end: async ({ session, headers }, hangUp) =>
      piped(await upstream.end({ session, headers }, hangUp)),
  }
}

/** A v1 client, which speaks nothing but the legacy era. */
export async function connectLegacy(
  keep: Keep,
  url: string,
  capabilities: Record<string, object> = {},
  prepare: (client: Client) => void = () => undefined,
): Promise<Client> {
  const client = new Client({ name: 'old', version: '1.0.0' }, { capabilities })
  prepare(client)
  await client.connect(new StreamableHTTPClientTransport(new URL(url)))
  keep(client)
  return client
}

/** A v2 client that speaks nothing but 2026-07-28. */
export async function connectModern(
  keep: Keep,
  url: string,
  capabilities: Record<string, object> = {},
  prepare: (client: ModernClient) => void = () => undefined,
): Promise<ModernClient> {
  const client = new ModernClient(
    { name: 'new', version: '2.0.0' },
    { capabilities, versionNegotiation: { mode: { pin: '2026-07-28' } } },
  )
  prepare(client)
  await client.connect(new ModernTransport(new URL(url)))
  keep(client)
  return client
}

export function textOf(result: unknown): string {
  const { content } = result as { content: { text?: string }[] }
  return content.map(({ text = '' }) => text).join('')
}
