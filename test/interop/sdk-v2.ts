import {
  Client,
  LOG_LEVEL_META_KEY,
  StreamableHTTPClientTransport,
  type JSONRPCMessage,
  type VersionNegotiationMode,
} from '@modelcontextprotocol/client'
import { StdioClientTransport, getDefaultEnvironment } from '@modelcontextprotocol/client/stdio'
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
  type Ear,
  type Listed,
  type ListKind,
  type StoryClient,
  type Target,
  type Watch,
} from './story-client.js'

/** The client of the second TypeScript SDK, `@modelcontextprotocol/client`. */
export async function connectV2(
  target: Target,
  mode: VersionNegotiationMode,
): Promise<StoryClient> {
  const client = new Client(clientInfo, {
    capabilities: clientCapabilities,
    versionNegotiation: { mode },
  })
  const heard = createEar()
  const asked = createEar()
  listenTo(client, heard)
  answerFor(client, asked)

  const { transport, listening, end } = open(target)
  await client.connect(transport, patient)
  const { onmessage } = transport
  const progress = createProgress()
  transport.onmessage = (message: JSONRPCMessage) => {
    progress.overhear(message)
    onmessage?.(message)
  }
  const era = client.getProtocolEra() ?? 'legacy'
  if (era === 'legacy') await listening

  // In the modern era each request says by itself which log lines it wants.
  let logged: Record<string, unknown> = {}
  return {
    greeting: {
      protocol: client.getNegotiatedProtocolVersion(),
      server: client.getServerVersion(),
      capabilities: client.getServerCapabilities(),
      instructions: client.getInstructions(),
      discovered: client.getDiscoverResult(),
    },
    era,
    heard,
    asked,
    list: (kind) => listAll(client, kind),
    call: (name, args = {}, options = {}) => {
      const _meta = { ...logged, ...options.meta }
      progress.onProgress = options.onProgress
      return client.callTool({ name, arguments: args, _meta }, requestOptions(options))
    },
    read: (uri) => client.readResource({ uri }, { ...patient, cacheMode: 'bypass' }),
    get: (name, args) => {
      const params = { name, ...(args !== undefined && { arguments: args }) }
      return client.getPrompt(params, patient)
    },
    complete: (ref, argument) => client.complete({ ref, argument }, patient),
    setLogLevel: async (level) => {
      if (era === 'legacy') {
        return client.request({ method: 'logging/setLevel', params: { level } }, patient)
      }
      logged = { [LOG_LEVEL_META_KEY]: level }
      return {}
    },
    watch: (uri) => (era === 'legacy' ? subscribe(client, uri) : listen(client, uri)),
    close: async () => {
      await end()
      await client.close()
    },
  }
}

const patient = { timeout: patienceMs }

function listenTo(client: Client, heard: Ear): void {
  client.fallbackNotificationHandler = ({ method, params }) => {
    heard.hear({ method, params })
    return Promise.resolve()
  }
}

function answerFor(client: Client, asked: Ear): void {
  client.setRequestHandler('elicitation/create', ({ method, params }) => {
    asked.hear({ method, params: withoutMember(params, '_meta') })
    return fillIn(params.message)
  })
  client.setRequestHandler('sampling/createMessage', ({ method, params }) => {
    asked.hear({ method, params: withoutMember(params, '_meta') })
    return sampled
  })
  client.setRequestHandler('roots/list', ({ method }) => {
    asked.hear({ method, params: undefined })
    return { roots }
  })
}

function requestOptions({ onProgress, signal }: CallOptions) {
  return {
    ...patient,
    // It is told by `overhear`; this is why the client asks for it.
    ...(onProgress !== undefined && { onprogress: () => undefined }),
    ...(signal !== undefined && { signal }),
  }
}

/** What a client may keep is asked for anew. */
async function listAll(client: Client, kind: ListKind): Promise<Listed> {
  const { [kind]: items, ...terms } = await allOf(client, kind)
  return { items: items as unknown[], terms }
}

function allOf(client: Client, kind: ListKind): Promise<Readonly<Record<string, unknown>>> {
  const options = { ...patient, cacheMode: 'refresh' as const }
  switch (kind) {
    case 'tools':
      return client.listTools(undefined, options)
    case 'resources':
      return client.listResources(undefined, options)
    case 'resourceTemplates':
      return client.listResourceTemplates(undefined, options)
    case 'prompts':
      return client.listPrompts(undefined, options)
  }
}

async function subscribe(client: Client, uri: string): Promise<Watch> {
  const agreed = await client.subscribeResource({ uri }, patient)
  return { agreed, end: () => client.unsubscribeResource({ uri }, patient) }
}

async function listen(client: Client, uri: string): Promise<Watch> {
  const subscription = await client.listen(
    { toolsListChanged: true, promptsListChanged: true, resourceSubscriptions: [uri] },
    patient,
  )
  return {
    agreed: subscription.honoredFilter,
    end: async () => {
      await subscription.close()
      return subscription.closed
    },
  }
}

function open(target: Target) {
  if (target.type === 'stdio') {
    const { command, args } = target
    const env = { ...getDefaultEnvironment(), ...target.env }
    const transport = new StdioClientTransport({ command, args: [...args], env, stderr: 'ignore' })
    return { transport, listening: undefined, end: () => Promise.resolve() }
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
  return { transport, listening, end: () => transport.terminateSession() }
}
