import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startDemoServer, type DemoServer } from '../../src/demo/server.js'
import { run, type Ran } from './run-command.js'

let folder: string
let demo: DemoServer
const servers: Server[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portcullis-check-'))
  demo = await startDemoServer()
})
afterAll(async () => {
  await demo.close()
  for (const server of servers) server.close()
  await rm(folder, { recursive: true })
})

async function check(mcpServers: object, env: Record<string, string> = {}): Promise<Ran> {
  const path = join(folder, 'servers.json')
  await writeFile(path, JSON.stringify({ mcpServers }))
  const settings = { PATH: process.env['PATH'] ?? '', POLICY_MODE: 'off', ...env }
  return run(['check', '--upstreams', path], { env: settings })
}

async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1')
  servers.push(server)
  await new Promise((resolve) => server.once('listening', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`
}

describe('check of several upstreams', () => {
  test('asks addresses and looks for programs, each by its name', async () => {
    const { exitCode, out, err } = await check({
      weather: { url: demo.url },
      files: { command: 'node', args: ['--version'] },
      own: { command: process.execPath },
    })
    expect(out).toContain(`upstream "weather": ${demo.url} answers\n`)
    expect(out).toMatch(/upstream "files": node is \/\S+node\n/)
    expect(out).toContain(`upstream "own": ${process.execPath} is ${process.execPath}\n`)
    expect([exitCode, err]).toEqual([0, ''])
  })

  test('a program that is not there is a fault; what else is wrong is told as well', async () => {
    const { exitCode, err } = await check({
      away: { url: 'http://127.0.0.1:9/mcp?key=hunter2' },
      gone: { command: 'portcullis-no-such-program' },
      path: { command: './no/such' },
      nowhere: { command: 'node', cwd: join(folder, 'no') },
      folder: { command: folder },
      plain: { command: join(folder, 'servers.json') },
    })
    expect(err).toMatch(/warning: upstream "away": http:\/\/127.0.0.1:9\/mcp cannot be reached/)
    expect(err).toContain(
      'fault: upstream "gone": there is no program portcullis-no-such-program on the PATH: install it',
    )
    expect(err).toContain('fault: upstream "path": there is no program ./no/such: install it')
    expect(err).toMatch(/fault: upstream "nowhere": the folder \S+ \(cwd\) is not there/)
    for (const [name, path] of [
      ['folder', folder],
      ['plain', join(folder, 'servers.json')],
    ]) {
      expect(err).toContain(`fault: upstream "${name}": ${path} is there and cannot be run`)
    }
    expect(err).not.toContain('hunter2')
    expect(exitCode).toBe(78)
  })

  test('a server that has only the newer era answers too', async () => {
    const url = await serve((_request, response) => {
      const error = { code: -32022, message: 'No', data: { supported: ['2026-07-28'] } }
      response.writeHead(400, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ jsonrpc: '2.0', id: null, error }))
    })
    const { out } = await check({ modern: { url } })
    expect(out).toContain(`upstream "modern": ${url} answers`)
  })

  test('headers are sent, from variables', async () => {
    const seen: unknown[] = []
    const url = await serve((request, response) => {
      seen.push(request.headers['x-api-key'])
      response.writeHead(401).end()
    })
    const { exitCode, err } = await check(
      { locked: { url, headers: { 'X-Api-Key': '${KEY}' } } },
      { KEY: 'k-1' },
    )
    expect(seen).toEqual(['k-1'])
    expect(err).toMatch(/"locked": \S+ answers "initialize" with HTTP 401/)
    expect(err).not.toContain('k-1')
    expect(exitCode).toBe(0)
  })

  test('a file with faults is refused before anything is asked', async () => {
    const { exitCode, out, err } = await check({ a: {}, b__c: { url: demo.url } })
    expect(err).toMatch(/has 2 faults:\n {2}- .*server "b__c".*\n {2}- .*server "a"/)
    expect([exitCode, out]).toEqual([78, ''])
  })
})
