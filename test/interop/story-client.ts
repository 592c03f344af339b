/** A real MCP client, connected, in the few words that a story needs. What it gives is JSON. */
export interface StoryClient {
  /** What the handshake (or the discovery) said. */
  readonly greeting: unknown
  readonly era: 'legacy' | 'modern'
  /** What the server said unasked, and what it asked, each in its order. */
  readonly heard: Ear
  readonly asked: Ear
  /** The items of all pages. */
  list(kind: ListKind): Promise<Listed>
  call(name: string, args?: Arguments, options?: CallOptions): Promise<unknown>
  read(uri: string): Promise<unknown>
  get(prompt: string, args?: Record<string, string>): Promise<unknown>
  complete(reference: Reference, argument: { name: string; value: string }): Promise<unknown>
  /** From here on the server is to send log lines of this level and above. */
  setLogLevel(level: 'debug' | 'info' | 'error'): Promise<unknown>
  /** Asks to be told of changes to a resource, and to the lists. */
  watch(uri: string): Promise<Watch>
  close(): Promise<void>
}

export type ListKind = 'tools' | 'resources' | 'resourceTemplates' | 'prompts'

export interface Listed {
  readonly items: readonly unknown[]
  /** What else the first page said: for how long it holds, and for whom. */
  readonly terms: unknown
}

export type Arguments = Readonly<Record<string, unknown>>

export interface CallOptions {
  readonly meta?: Arguments
  readonly onProgress?: (progress: unknown) => void
  readonly signal?: AbortSignal
}

export type Reference =
  | { readonly type: 'ref/prompt'; readonly name: string }
  | { readonly type: 'ref/resource'; readonly uri: string }

export interface Watch {
  /** What the server agreed to tell. */
  readonly agreed: unknown
  end(): Promise<unknown>
}

/** Where a client finds its server. */
export type Target =
  | { readonly type: 'http'; readonly url: string }
  | {
      readonly type: 'stdio'
      readonly command: string
      readonly args: readonly string[]
      /** Besides what every child is given. */
      readonly env?: Readonly<Record<string, string>>
    }

export interface SaidByServer {
  readonly method: string
  readonly params: unknown
}

/** Messages in the order of their arrival. */
export interface Ear {
  hear(message: SaidByServer): void
  /** Forgets nothing, but gives only what came since it was last asked, once there are so many. */
  next(count: number): Promise<readonly SaidByServer[]>
  /**
   * One message of each method, once they have come. Whatever else came is forgotten: several servers as one say again
   * that their lists have changed when one of them was slow to join.
   */
  each(...methods: readonly string[]): Promise<readonly SaidByServer[]>
}

export function createEar(): Ear {
  let unheard: SaidByServer[] = []
  let look = (): void => undefined

  /** Gives what is found in what came, as soon as it is. */
  const once = (find: () => readonly SaidByServer[] | undefined) =>
    new Promise<readonly SaidByServer[]>((resolve, reject) => {
      const giveUp = setTimeout(() => {
        look = () => undefined
        reject(new Error(`Heard only ${JSON.stringify(unheard)}`))
      }, patienceMs)
      look = () => {
        const found = find()
        if (found === undefined) return
        clearTimeout(giveUp)
        look = () => undefined
        unheard = []
        resolve(found)
      }
      look()
    })

  return {
    hear(message) {
      unheard.push(message)
      look()
    },
    next: (count) => once(() => (unheard.length < count ? undefined : unheard)),
    each: (...methods) =>
      once(() => {
        const found = methods.flatMap((method) =>
          unheard.filter((message) => message.method === method).slice(0, 1),
        )
        return found.length < methods.length ? undefined : found
      }),
  }
}

/** Progress as it arrives. */
export interface Progress {
  onProgress: CallOptions['onProgress']
  overhear(message: unknown): void
}

/**
 * The clients of the TypeScript SDKs forget progress that they read in one piece with the result, as a busy process
 * does: what arrives is what counts.
 */
export function createProgress(): Progress {
  return {
    onProgress: undefined,
    overhear(message) {
      const { method, params } = message as { method?: string; params?: Record<string, unknown> }
      if (method !== 'notifications/progress') return
      this.onProgress?.(withoutMember(params ?? {}, 'progressToken'))
    },
  }
}

/** A question or a report without what only its transport needs. */
export function withoutMember(params: object, member: string): unknown {
  return Object.fromEntries(Object.entries(params).filter(([name]) => name !== member))
}

/** A message that is lost is to show as a difference, not as a test that never ends. */
export const patienceMs = 20_000

export const clientInfo = { name: 'story-client', version: '1.0.0' }
export const clientCapabilities = {
  elicitation: { form: {}, url: {} },
  sampling: {},
  roots: {},
}

/** How the person behind the client fills in a form. */
export function fillIn(message: string) {
  if (/decline/.test(message)) return { action: 'decline' as const }
  if (/cancel/.test(message)) return { action: 'cancel' as const }
  const content = { name: 'Eve', username: 'eve', email: 'eve@example.org', ok: true, color: 'red' }
  return { action: 'accept' as const, content }
}

export const sampled = {
  model: 'small',
  role: 'assistant' as const,
  content: { type: 'text' as const, text: 'Paris' },
}
export const roots = [{ uri: 'file:///home/eve', name: 'home' }]
