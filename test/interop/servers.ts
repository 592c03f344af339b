import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEverything } from '../support/everything/http.mjs'
import type { Target } from './story-client.js'
import type { StoryName } from './telling.js'

/** A real server, and the story that is lived with it. */
export interface Server {
  readonly name: ServerName
  readonly story: StoryName
  readonly target: Target
  /** It speaks the legacy era alone: who speaks the modern one needs the gateway between them. */
  readonly isLegacy?: true
}

export type ServerName = 'web' | 'local' | 'old' | 'new' | 'files' | 'time'

export interface Servers {
  readonly all: readonly Server[]
  /** A folder that nobody else uses. */
  readonly folder: string
  close(): Promise<void>
}

/** @param python an interpreter whose environment has `mcp-server-time`, which is then there in place of files */
export async function startServers(python: string | undefined): Promise<Servers> {
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-interop-'))
  await writeFile(join(folder, 'notes.txt'), 'One\nTwo\n')
  await writeFile(join(folder, 'pixel.png'), Buffer.from(pixel, 'base64'))
  const everything = await startEverything()
  return {
    all: [
      { name: 'web', story: 'everything', target: { type: 'http', url: everything.url } },
      everythingOf('both'),
      python === undefined ? filesystemServer(folder) : timeServer(python),
    ],
    folder,
    close: async () => {
      await everything.close()
      await rm(folder, { recursive: true })
    },
  }
}

const everythingOnStdio = new URL('../support/everything/stdio.mjs', import.meta.url).pathname
const filesystem = createRequire(import.meta.url).resolve(
  '@modelcontextprotocol/server-filesystem/dist/index.js',
)

/** The everything server on stdio. */
export function everythingOf(era: 'legacy' | 'modern' | 'both'): Server {
  const target = child(process.execPath, everythingOnStdio, '--era', era)
  const names = { both: 'local', legacy: 'old', modern: 'new' } as const
  return { name: names[era], story: 'everything', target }
}

function filesystemServer(folder: string): Server {
  const target = child(process.execPath, filesystem, folder)
  return { name: 'files', story: 'files', target, isLegacy: true }
}

function timeServer(python: string): Server {
  const target = child(python, '-m', 'mcp_server_time', '--local-timezone', 'Europe/Berlin')
  return { name: 'time', story: 'time', target }
}

function child(command: string, ...args: string[]): Target {
  return { type: 'stdio', command, args }
}

/** One red pixel. */
const pixel =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC'
