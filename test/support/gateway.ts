import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '../../src/config/load.js'
import { startGateway, type Gateway } from '../../src/gateway.js'
import { createSupplyThread } from '../../src/supply-client.js'

/** A gateway in this process, on ports of its own, with a decision log that the test can read. */
export interface TestGateway extends Gateway {
  /** The lines of the decision log so far. */
  decisions(): Promise<LogLine[]>
  post(body: string | Buffer, headers?: Record<string, string>): Promise<Response>
}

export type LogLine = Record<string, unknown> & { type: string; reason?: string; message?: string }

export const starterBundle = new URL('../../bundles/starter.tar.gz', import.meta.url).pathname

export const mcpHeaders = {
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
}

// One for all gateways of a test file: it takes longer to begin than a gateway does.
const supplyThread = createSupplyThread()

/**
 * @param env settings by their names in the environment, as an operator would give them
 * @param files texts of the files that the settings name, by path
 */
export async function startTestGateway(
  env: Record<string, string>,
  files: Record<string, string> = {},
): Promise<TestGateway> {
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-'))
  const path = join(folder, 'decisions.jsonl')
  const loaded = loadConfig({
    flags: {},
    env: { PORT: '0', OPS_PORT: '0', DECISION_LOG: path, LOG_LEVEL: 'silent', ...env },
    readFile: (path) => files[path] ?? '',
  })
  if (!loaded.ok) throw new Error(loaded.faults.join('\n'))
  const gateway = await startGateway(loaded.config, { supplyThread })
  return {
    ...gateway,
    decisions: async () => {
      const text = await readFile(path, 'utf8')
      const lines = text.split('\n').filter((line) => line !== '')
      return lines.map((line) => JSON.parse(line) as LogLine)
    },
    post: (body, headers = {}) =>
      fetch(gateway.mcpUrl, {
        method: 'POST',
        body: typeof body === 'string' ? body : new Uint8Array(body),
        headers: { ...mcpHeaders, ...headers },
      }),
    close: async () => {
      await gateway.close()
      await rm(folder, { recursive: true })
    },
  }
}

/** Headers of a caller whom a trusted proxy names. */
export function as(user: string, ...roles: string[]): Record<string, string> {
  return { 'x-forwarded-user': user, 'x-forwarded-roles': roles.join(',') }
}

export const trustLoopback = { AUTH_MODE: 'trusted-headers', TRUSTED_PROXIES: '127.0.0.1,::1' }

export function toolCall(name: string, args?: object, id = 1): string {
  const params = args === undefined ? { name } : { name, arguments: args }
  return JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params })
}
