import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  Client as ClientV2,
  StreamableHTTPClientTransport as TransportV2,
  type VersionNegotiationMode,
} from '@modelcontextprotocol/client'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startEverything, type Everything } from '../support/everything/http.mjs'
import { startTestGateway } from '../support/gateway.js'
import { bundleOf } from '../support/governed.js'
import { closedAfterEach } from '../support/opened.js'

const keep = closedAfterEach()
let server: Everything

beforeAll(async () => {
  server = await startEverything()
})
afterAll(() => server.close())

/** A client that lists anew when it is told to. */
interface Lister {
  readonly tools: () => Promise<string[]>
  /** The tools after the next change that it is told of. */
  readonly changed: Promise<string[]>
  close(): Promise<void>
}

interface Named {
  readonly name: string
}

const namesOf = (items: readonly Named[] | null): string[] => (items ?? []).map(({ name }) => name)

function nextChange() {
  let onChanged: (error: unknown, tools: readonly Named[] | null) => void = () => undefined
  const changed = new Promise<string[]>((resolve) => {
    onChanged = (_error, tools) => resolve(namesOf(tools))
  })
  return { changed, onChanged }
}

async function connectV1(url: string): Promise<Lister> {
  const { changed, onChanged } = nextChange()
  const client = new Client(
    { name: 'v1', version: '1' },
    { listChanged: { tools: { onChanged, debounceMs: 0 } } },
  )
  await client.connect(new StreamableHTTPClientTransport(new URL(url)))
  return {
    tools: async () => namesOf((await client.listTools()).tools),
    changed,
    close: () => client.close(),
  }
}

async function connectV2(url: string, mode: VersionNegotiationMode): Promise<Lister> {
  const { changed, onChanged } = nextChange()
  const client = new ClientV2(
    { name: 'v2', version: '1' },
    { versionNegotiation: { mode }, listChanged: { tools: { onChanged, debounceMs: 0 } } },
  )
  await client.connect(new TransportV2(new URL(url)))
  return {
    tools: async () => namesOf((await client.listTools()).tools),
    changed,
    close: () => client.close(),
  }
}

describe.each([
  ['the SDK v1', connectV1],
  ['the SDK v2 in the legacy era', (url: string) => connectV2(url, 'legacy')],
  ['the SDK v2 in the modern era', (url: string) => connectV2(url, { pin: '2026-07-28' })],
])('a client of %s', (_which, connect) => {
  test('is shown what it may use, and what else it may use once policy changed', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'lists-'))
    keep({ close: () => rm(folder, { recursive: true }) })
    const bundle = join(folder, 'bundle.tar.gz')
    await copyFile(bundleOf('lists'), bundle)
    const gateway = keep(
      await startTestGateway({
        UPSTREAM_URL: server.url,
        POLICY_MODE: 'enforce',
        POLICY_BUNDLE_PATH: bundle,
      }),
    )
    const client = keep(await connect(gateway.mcpUrl))
    const first = await client.tools()
    expect(first).toContain('add')
    expect(first).not.toContain('echo')
    await copyFile(bundleOf('lists-other'), bundle)
    await gateway.reload()
    const second = await client.changed
    expect(second).toContain('echo')
    expect(second).not.toContain('add')
  })
})
