import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import {
  StdioClientTransport,
  getDefaultEnvironment,
} from '@modelcontextprotocol/sdk/client/stdio.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
  type JSONRPCMessage,
} from '@modelcontextprotocol/sdk/types.js'
import {
  clientCapabilities,
  clientInfo,
  createEar,
  createProgress,
  fillIn,
  patienceMs,
  roots,
  sampled,
  withoutMember,
  type CallOptions,
  type Listed,
  type ListKind,
  type StoryClient,
  type Target,
} from './story-client.js'

/** The client of the first TypeScript SDK, `@modelcontextprotocol/sdk`. */
export async function connectV1(target: Target): Promise<StoryClient> {
  const client = new Client(clientInfo, { capabilities: clientCapabilities })
  const heard = createEar()
  const asked = createEar()
  client.fallbackNotificationHandler = ({ method, params }) => {
    heard.hear({ method, params })
    return Promise.resolve()
  }
  client.setRequestHandler(ElicitRequestSchema, ({ method, params }) => {
    asked.hear({ method, params: withoutMember(params, '_meta') })
    return fillIn(params.message)
  })
  client.setRequestHandler(CreateMessageRequestSchema, ({ method, params }) => {
    asked.hear({ method, params: withoutMember(params, '_meta') })
    return sampled
  })
  client.setRequestHandler(ListRootsRequestSchema, ({ method }) => {
    asked.hear({ method, params: undefined })
    return { roots }
  })

  const { transport, listening, protocol, close } = open(target)
  await client.connect(transport)
  await listening
  const { onmessage } = transport
  const progress = createProgress()
  transport.onmessage = (message: JSONRPCMessage) => {
    progress.overhear(message)
    onmessage?.(message)
  }

  return {
    greeting: {
      protocol: protocol(),
      server: client.getServerVersion(),
      capabilities: client.getServerCapabilities(),
      instructions: client.getInstructions(),
    },
    era: 'legacy',
    heard,
    asked,
    list: (kind) => listAll(client, kind),
    call: (name, args = {}, options = {}) => {
      const { meta } = options
      const params = { name, arguments: args, ...(meta !== undefined && { _meta: meta }) }
      progress.onProgress = options.onProgress
      return client.callTool(params, undefined, requestOptions(options))
    },
    read: (uri) => client.readResource({ uri }, patient),
    get: (name, args) => {
      const params = { name, ...(args !== undefined && { arguments: args }) }
      return client.getPrompt(params, patient)
    },
    complete: (ref, argument) => client.complete({ ref, argument }, patient),
    setLogLevel: (level) => client.setLoggingLevel(level, patient),
    watch: async (uri) => ({
      agreed: await client.subscribeResource({ uri }, patient),
      end: () => client.unsubscribeResource({ uri }, patient),
    }),
    close: async () => {
      await close()
      await client.close()
    },
  }
}

const patient = { timeout: patienceMs }

function requestOptions({ onProgress, signal }: CallOptions) {
  return {
    ...patient,
    // It is told by `overhear`; this is why the client asks for it.
    ...(onProgress !== undefined && { onprogress: () => undefined }),
    ...(signal !== undefined && { signal }),
  }
}

async function listAll(client: Client, kind: ListKind): Promise<Listed> {
  const items: unknown[] = []
  let terms: unknown
  let cursor: string | undefined
  do {
    const { [kind]: page, nextCursor, ...others } = await pageOf(client, kind, cursor)
    items.push(...(page as unknown[]))
    terms ??= others
    cursor = nextCursor
  } while (cursor !== undefined)
  return { items, terms }
}

type Page = Readonly<Record<string, unknown>> & { readonly nextCursor?: string | undefined }

function pageOf(client: Client, kind: ListKind, cursor: string | undefined): Promise<Page> {
  const params = cursor === undefined ? {} : { cursor }
  switch (kind) {
    case 'tools':
      return client.listTools(params, patient)
    case 'resources':
      return client.listResources(params, patient)
    case 'resourceTemplates':
      return client.listResourceTemplates(params, patient)
    case 'prompts':
      return client.listPrompts(params, patient)
  }
}

function open(target: Target) {
  if (target.type === 'stdio') {
    const { command, args } = target
    const env = { ...getDefaultEnvironment(), ...target.env }
    const transport = new StdioClientTransport({ command, args: [...args], env, stderr: 'ignore' })
    let version: string | undefined
    Object.assign(transport, { setProtocolVersion: (told: string) => void (version = told) })
    const close = (): Promise<void> => Promise.resolve()
    return { transport, listening: undefined, protocol: () => version, close }
  }
  // What a server says on its own before this stream is open would be lost.
  let listens: () => void = () => undefined
  const listening = new Promise<void>((resolve) => (listens = resolve))
  const transport = new StreamableHTTPClientTransport(new URL(target.url), {
    fetch: async (url, init) => {
      const reply = await fetch(url, init)
      if (init?.method === 'GET') listens()
      return reply
    },
  })
  const protocol = (): string | undefined => transport.protocolVersion
  return { transport, listening, protocol, close: () => transport.terminateSession() }
}
