import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client as ModernClient } from '@modelcontextprotocol/client'
import { StdioClientTransport as ModernTransport } from '@modelcontextprotocol/client/stdio'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ResourceUpdatedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { textOf } from '../support/client.js'
import { bundleOf } from '../support/governed.js'
import { main } from '../support/stdio-host.js'

const open: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

const require = createRequire(import.meta.url)
const filesystem = require.resolve('@modelcontextprotocol/server-filesystem/dist/index.js')
const everything = new URL('../support/everything/stdio.mjs', import.meta.url).pathname

/** What a host's `mcpServers` entry says. */
function entry(server: readonly string[], user?: object) {
  const who = user === undefined ? [] : ['--user-context', JSON.stringify(user)]
  return {
    command: process.execPath,
    args: [main, 'stdio', ...who, '--', process.execPath, ...server],
    env: {
      PATH: process.env['PATH'] ?? '',
      POLICY_MODE: 'enforce',
      POLICY_BUNDLE_PATH: bundleOf('desktop'),
      DECISION_LOG: 'off',
      LOG_LEVEL: 'silent',
    },
    stderr: 'ignore' as const,
  }
}

const capabilities = { elicitation: {}, sampling: {} }
const clientInfo = { name: 'host', version: '1' }

async function connect(...given: Parameters<typeof entry>): Promise<Client> {
  const client = new Client(clientInfo, { capabilities })
  client.setRequestHandler(ElicitRequestSchema, () => ({
    action: 'accept',
    content: { username: 'eve', email: 'eve@example.org' },
  }))
  client.setRequestHandler(CreateMessageRequestSchema, () => sampled)
  await client.connect(new StdioClientTransport(entry(...given)))
  open.push(() => client.close())
  return client
}

const sampled = {
  model: 'small',
  role: 'assistant' as const,
  content: { type: 'text' as const, text: 'hello' },
}

describe('the filesystem server behind portcullis stdio', () => {
  test('lets everybody read and only editors write', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'portcullis-files-'))
    open.push(() => rm(folder, { recursive: true }))
    const path = join(folder, 'a.txt')
    await writeFile(path, 'the key is secret-42')
    const write = { name: 'write_file', arguments: { path, content: 'new' } }

    const reader = await connect([filesystem, folder], { id: 'rita', roles: ['reader'] })
    expect((await reader.listTools()).tools.length).toBeGreaterThan(5)
    expect(textOf(await reader.callTool({ name: 'read_text_file', arguments: { path } }))).toBe(
      'the key is secret-*',
    )
    await expect(reader.callTool(write)).rejects.toMatchObject({
      code: 403,
      data: { reason: 'role_mismatch' },
    })
    expect(await readFile(path, 'utf8')).toBe('the key is secret-42')

    const editor = await connect([filesystem, folder], { id: 'eve', roles: ['editor'] })
    await editor.callTool(write)
    expect(await readFile(path, 'utf8')).toBe('new')
  })
})

describe('an everything server behind portcullis stdio', () => {
  test('does for the TypeScript SDK v1 what it does directly', async () => {
    const client = await connect([everything, '--era', 'legacy'])
    const call = (name: string, args = {}): Promise<unknown> =>
      client.callTool({ name, arguments: args })

    const progress: number[] = []
    await client.callTool({ name: 'test_tool_with_progress' }, undefined, {
      onprogress: (report) => void progress.push(report.progress),
    })
    expect(progress).toEqual([0, 50, 100])
    expect(textOf(await call('test_sampling', { prompt: 'hi' }))).toContain('hello')
    expect(textOf(await call('test_elicitation', { message: 'Who?' }))).toContain('eve@example.org')

    const updated = vi.fn()
    client.setNotificationHandler(ResourceUpdatedNotificationSchema, updated)
    const { resources } = await client.listResources()
    expect(resources.length).toBeGreaterThan(0)
    expect(await client.readResource({ uri: resources[0]?.uri ?? '' })).toHaveProperty('contents')
    expect((await client.listPrompts()).prompts.length).toBeGreaterThan(0)
    await client.ping()

    const wait = new AbortController()
    const waited = client.callTool({ name: 'wait', arguments: { key: 'k' } }, undefined, {
      signal: wait.signal,
      onprogress: () => wait.abort(),
    })
    await expect(waited).rejects.toThrow()
    expect(textOf(await call('await_given_up', { key: 'k' }))).toBe('Given up')
  })

  test.each(['legacy', 'auto'] as const)('does so for v2, mode %s', async (mode) => {
    const client = new ModernClient(clientInfo, { capabilities, versionNegotiation: { mode } })
    client.setRequestHandler('elicitation/create', () => ({
      action: 'accept' as const,
      content: { username: 'eve', email: 'eve@example.org' },
    }))
    client.setRequestHandler('sampling/createMessage', () => sampled)
    await client.connect(new ModernTransport(entry([everything, '--era', 'both'])))
    open.push(() => client.close())
    expect(client.getProtocolEra()).toBe(mode === 'auto' ? 'modern' : 'legacy')

    const call = (name: string, args = {}) => client.callTool({ name, arguments: args })
    const progress: number[] = []
    await client.callTool(
      { name: 'test_tool_with_progress', arguments: {} },
      { onprogress: (report) => void progress.push(report.progress) },
    )
    expect(progress).toEqual([0, 50, 100])
    expect(textOf(await call('test_elicitation', { message: 'Who?' }))).toContain('eve@example.org')
    expect(textOf(await call('test_sampling', { prompt: 'hi' }))).toContain('hello')
    await expect(call('erase')).rejects.toMatchObject({ code: 403 })
  })
})
