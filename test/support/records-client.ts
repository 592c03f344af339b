import {
  Client as ClientV2,
  StreamableHTTPClientTransport as TransportV2,
  type VersionNegotiationMode,
} from '@modelcontextprotocol/client'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'

/** A real client that checks results against the schemas of the tools that it has listed. */
export interface RecordsClient {
  tools(): Promise<ReadonlyMap<string, object>>
  call(name: string, args?: Record<string, unknown>): Promise<CalledResult>
  /** What the server logged to it, in order. */
  readonly logged: readonly unknown[]
  /** It was told that the list of tools has changed. */
  readonly toolsChanged: Promise<void>
  close(): Promise<void>
}

export interface CalledResult {
  readonly content: readonly { readonly text?: string }[]
  readonly structuredContent?: unknown
  readonly isError?: boolean
  readonly _meta?: Readonly<Record<string, unknown>>
}

type Connect = (url: string, headers: Record<string, string>) => Promise<RecordsClient>

/** One for each line of the official SDK and each era. */
export const clients: readonly [readonly [string, Connect], ...(readonly [string, Connect])[]] = [
  ['the SDK v1', connectV1],
  ['the SDK v2 in the legacy era', (url, headers) => connectV2(url, headers, 'legacy')],
  [
    'the SDK v2 in the modern era',
    (url, headers) => connectV2(url, headers, { pin: '2026-07-28' }),
  ],
]

/** What both lines of the SDK have in common here. */
interface SdkClient {
  listTools(): Promise<{ tools: readonly { readonly name: string }[] }>
  callTool(params: { name: string; arguments: Record<string, unknown> }): Promise<unknown>
  fallbackNotificationHandler?: (notification: Notification) => Promise<void>
  close(): Promise<void>
}

interface Notification {
  readonly method: string
  readonly params?: Record<string, unknown> | undefined
}

async function connectV1(url: string, headers: Record<string, string>): Promise<RecordsClient> {
  const { changed, listChanged } = nextChange()
  const client = new Client({ name: 'v1', version: '1' }, { listChanged })
  const sdk: SdkClient = client
  const logged = listening(sdk)
  await client.connect(
    new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }),
  )
  return { ...clientOf(sdk, logged), toolsChanged: changed }
}

async function connectV2(
  url: string,
  headers: Record<string, string>,
  mode: VersionNegotiationMode,
): Promise<RecordsClient> {
  const { changed, listChanged } = nextChange()
  const client = new ClientV2(
    { name: 'v2', version: '1' },
    { versionNegotiation: { mode }, listChanged },
  )
  const sdk: SdkClient = client
  const logged = listening(sdk)
  await client.connect(new TransportV2(new URL(url), { requestInit: { headers } }))
  return { ...clientOf(sdk, logged), toolsChanged: changed }
}

function nextChange() {
  let onChanged: () => void = () => undefined
  const changed = new Promise<void>((resolve) => {
    onChanged = resolve
  })
  return { changed, listChanged: { tools: { onChanged: () => onChanged(), debounceMs: 0 } } }
}

function listening(client: SdkClient): readonly unknown[] {
  const logged: unknown[] = []
  client.fallbackNotificationHandler = ({ method, params }) => {
    if (method === 'notifications/message') logged.push(params?.['data'])
    return Promise.resolve()
  }
  return logged
}

function clientOf(client: SdkClient, logged: readonly unknown[]) {
  return {
    logged,
    tools: async () => {
      const { tools } = await client.listTools()
      return new Map(tools.map((tool) => [tool.name, tool]))
    },
    call: async (name: string, args: Record<string, unknown> = {}) =>
      (await client.callTool({ name, arguments: args })) as CalledResult,
    close: () => client.close(),
  }
}
