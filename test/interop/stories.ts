import { outcome, tellEverything } from './story.js'
import type { StoryClient } from './story-client.js'
import type { StoryName, Transcript } from './telling.js'

export const stories: Readonly<Record<StoryName, (client: StoryClient) => Promise<Transcript>>> = {
  everything: tellEverything,
  files: tellFiles,
  time: tellTime,
}

/** The story of the filesystem server, whose folder has a `notes.txt` and a `pixel.png`. */
async function tellFiles(client: StoryClient): Promise<Transcript> {
  const call = (name: string, args: Record<string, unknown>) => outcome(client.call(name, args))
  // It asks for the roots of its client as soon as it has heard from it; in the modern era it cannot.
  const asked = client.era === 'legacy' ? await outcome(client.asked.next(1)) : undefined
  const allowed = await client.call('list_allowed_directories')
  const folder = /\/\S+/.exec(JSON.stringify(allowed).replaceAll(/[\\"]/g, ' '))?.[0] ?? ''
  const written = `${folder}/written.txt`
  return {
    asked,
    allowed,
    lists: { tools: await client.list('tools') },
    write: await call('write_file', { path: written, content: 'Zwölf “Zeilen”\n'.repeat(12) }),
    read: await call('read_text_file', { path: written, head: 2 }),
    notes: await call('read_multiple_files', { paths: [written, `${folder}/notes.txt`] }),
    picture: await call('read_media_file', { path: `${folder}/pixel.png` }),
    folder: await call('list_directory', { path: folder }),
    tree: await call('directory_tree', { path: folder }),
    outside: await call('read_text_file', { path: `${folder}/../outside.txt` }),
    missing: await call('read_text_file', { path: `${folder}/missing.txt` }),
    badArguments: await call('read_text_file', {}),
    unknownTool: await call('no_such_tool', {}),
  }
}

/** The story of the time server. */
async function tellTime(client: StoryClient): Promise<Transcript> {
  const times = { source_timezone: 'Europe/Berlin', time: '12:30', target_timezone: 'Asia/Tokyo' }
  return {
    lists: { tools: await client.list('tools') },
    converted: await outcome(client.call('convert_time', times)),
    unknownTimezone: await outcome(client.call('get_current_time', { timezone: 'Nowhere/None' })),
    unknownTool: await outcome(client.call('no_such_tool')),
  }
}
