import type { Target } from './story-client.js'

/** What a client saw, chapter by chapter. */
export type Transcript = Readonly<Record<string, unknown>>

/** Has a client live through a story, and tells what it saw. */
export interface Teller {
  /** Which SDK, and how it is set up. */
  readonly name: string
  /** Whether it speaks the modern era to whoever speaks both. */
  readonly isModern: boolean
  /** Where in the story of the everything server it is told of an error. */
  readonly meantToFail: readonly string[]
  tell(telling: Telling): Promise<Transcript>
}

export interface Telling {
  readonly story: StoryName
  readonly target: Target
  /** Where the server is one of several that are served as one. */
  readonly naming?: Naming
}

export type StoryName = 'everything' | 'files' | 'time'

/** How the items of one server are named where several are served as one. */
export interface Naming {
  /** Stands in front of the names of tools and prompts. */
  readonly prefix: string
  /** Stands in front of the URIs of resources. */
  readonly uriPrefix: string
  /** How much the other servers ask of a legacy client as soon as they hear from it. */
  readonly askedByOthers: number
}
