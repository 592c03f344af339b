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
}

export type ServerName = 'web' | 'local' | 'files' | 'time'

export interface Servers {
  readonly all: readonly Server[]
  /** A folder that nobody else uses. */
  readonly folder: string
  close(): Promise<void>
}

/** @param python an interpreter whose environment has `mcp-server-time` */
export async function startServers(python: string | undefined): Promise<Servers> {
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-interop-'))
  await writeFile(join(folder, 'notes.txt'), 'One\nTwo\n')
  await writeFile(join(folder, 'pixel.png'), Buffer.from(pixel, 'base64'))
  const everything = await startEverything()
  return {
    all: [
      { name: 'web', story: 'everything', target: { type: 'http', url: everything.url } },
      { name: 'local', story: 'everything', target: child(process.execPath, everythingOnStdio) },
      { name: 'files', story: 'files', target: child(process.execPath, filesystem, folder) },
      ...(python === undefined ? [] : [timeServer(python)]),
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
