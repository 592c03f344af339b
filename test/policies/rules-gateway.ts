import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { startTestGateway, trustLoopback, type TestGateway } from '../support/gateway.js'
import { startRawUpstream, type Answerer, type RawUpstream } from '../support/upstream.js'
import type { Texts } from './rules-bundle.js'

/** A gateway with a folder of rules, in front of somebody else's server. */
export interface RuledGateway {
  readonly upstream: RawUpstream
  readonly gateway: TestGateway
  /** Where the rules lie. */
  readonly folder: string
  close(): Promise<void>
}

/**
 * @param texts the rules, or undefined for none: the path names nothing then
 * @param files texts of other files that the settings name, by path
 */
export async function startRuled(
  texts: Texts | undefined,
  answer: Answerer,
  env: Record<string, string>,
  files: Record<string, string> = {},
): Promise<RuledGateway> {
  const base = await mkdtemp(join(tmpdir(), 'portcullis-ruled-'))
  const folder = join(base, 'policy')
  if (texts !== undefined) await writeTexts(folder, texts)
  const upstream = await startRawUpstream(answer)
  const settings = { ...trustLoopback, UPSTREAM_URL: upstream.url, POLICY_RULES_PATH: folder }
  const gateway = await startTestGateway({ ...settings, ...env }, files)
  return {
    upstream,
    gateway,
    folder,
    close: async () => {
      await gateway.close()
      await upstream.close()
      await rm(base, { recursive: true })
    },
  }
}

export const enforcing = { POLICY_MODE: 'enforce' }

export async function writeTexts(folder: string, texts: Texts): Promise<void> {
  for (const [name, text] of Object.entries(texts)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), text)
  }
}

/** A server of one session-less conversation: the handshake, and the same result for whatever is called. */
export function answering(result: string): Answerer {
  return ({ method: verb, body }, response) => {
    if (verb !== 'POST') {
      response.writeHead(405).end()
      return
    }
    const { id, method } = JSON.parse(body.toString()) as { id?: unknown; method?: string }
    if (id === undefined) {
      response.writeHead(202).end()
      return
    }
    const text = method === 'initialize' ? greeting : result
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${text}}`)
  }
}

const greeting = JSON.stringify({
  protocolVersion: '2025-11-25',
  capabilities: { tools: {} },
  serverInfo: { name: 'somebody', version: '1' },
})

/** Headers of a caller with these claims, as a trusted proxy says them. */
export function withClaims(
  user: string,
  claims: object,
  ...roles: string[]
): Record<string, string> {
  return {
    'x-forwarded-user': user,
    'x-forwarded-roles': roles.join(','),
    'x-forwarded-claims': Buffer.from(JSON.stringify(claims)).toString('base64url'),
  }
}
