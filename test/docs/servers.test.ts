import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { expect, test } from 'vitest'
import { loadConfig } from '../../src/config/load.js'

const root = new URL('../../', import.meta.url)
const readme = readFileSync(new URL('README.md', root), 'utf8')
const reference = readFileSync(new URL('docs/reference/configuration.md', root), 'utf8')

test.each([
  ['the README', /<!-- servers -->\n\n```json\n(.*?)```/s.exec(readme)?.[1] ?? ''],
  ['the reference page', /## Several upstreams.*?```json\n(.*?)```/s.exec(reference)?.[1] ?? ''],
])('the servers of %s are a configuration that starts', (_page, example) => {
  const env = { UPSTREAMS_FILE: 'mcp-servers.json', WEATHER_TOKEN: 't' }
  const loaded = loadConfig({ flags: {}, env, readFile: () => example })
  if (!loaded.ok) throw new Error(loaded.faults.join('\n'))
  expect(loaded.config.upstreams).toMatchObject([
    { name: 'weather', auth: { headers: { authorization: 'Bearer t' } } },
    { name: 'files', target: { type: 'stdio', command: 'npx' } },
  ])
})

interface Entry {
  readonly command: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

test('the entry of the README for a desktop host launches a governed filesystem server', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-readme-'))
  await writeFile(join(folder, 'a.txt'), 'hello')
  const text = /<!-- desktop host -->\n\n```json\n(.*?)```/s.exec(readme)?.[1] ?? ''
  const { files } = (JSON.parse(text) as { mcpServers: { files: Entry } }).mcpServers

  // The paths of the example, and the package that npx would fetch, are those of this place.
  const clone = root.pathname.replace(/\/$/, '')
  const here = (word: string): string =>
    word.replace('/opt/portcullis', clone).replace(/^\/home\/alice(?:\/notes)?/, folder)
  const require = createRequire(import.meta.url)
  const server = require.resolve('@modelcontextprotocol/server-filesystem/dist/index.js')
  const args = files.args
    .join('\n')
    .replace(/npx\n-y\n@model\S+/, `node\n${server}`)
    .split('\n')
  const env = Object.entries(files.env).map(([name, value]) => [name, here(value)] as const)
  const transport = new StdioClientTransport({
    command: files.command,
    args: args.map(here),
    env: { PATH: process.env['PATH'] ?? '', ...Object.fromEntries(env) },
    stderr: 'ignore',
  })

  const client = new Client({ name: 'host', version: '1' })
  await client.connect(transport)
  const path = join(folder, 'a.txt')
  const result = await client.callTool({ name: 'read_text_file', arguments: { path } })
  expect(result.content).toMatchObject([{ text: 'hello' }])
  await client.close()

  const log = await readFile(join(folder, 'portcullis-decisions.jsonl'), 'utf8')
  expect(log).toContain('"name":"read_text_file"')
  expect(log).toContain('"principal":{"id":"alice@org","roles":["dev"]')
  await rm(folder, { recursive: true })
})
