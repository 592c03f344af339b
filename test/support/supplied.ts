import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { unpackArchive } from '../../src/bundles/archive.js'
import { packArchive } from '../../src/bundles/archive-pack.js'
import { digestOf } from '../../src/bundles/hash.js'
import { generateKeys, signBundle } from '../../src/bundles/sign.js'
import type { TestGateway } from './gateway.js'
import { bundleOf } from './governed.js'

const maxBytes = 1 << 26

export interface SuppliedOptions {
  readonly revision: string
  /** Tools that are denied, with `reason`. They are data of the bundle unless it leaves them to another. */
  readonly forbidden?: readonly string[]
  readonly reason?: string
  readonly serial?: number
  /** The data come from elsewhere: the bundle does not claim their root. */
  readonly withoutData?: true
}

/** A bundle of the policy `supplied`, which denies the tools that its data forbid. */
export async function suppliedBundle(options: SuppliedOptions): Promise<Buffer> {
  const { revision, forbidden = [], reason = `forbidden_by_${revision}`, serial } = options
  const { files } = await unpackArchive(await readFile(bundleOf('supplied')), maxBytes)
  const manifest = {
    ...(JSON.parse(files.get('.manifest')?.toString() ?? '') as object),
    revision,
    roots: options.withoutData ? ['mcp'] : ['mcp', 'supplied'],
    metadata: serial === undefined ? {} : { serial },
  }
  const data = options.withoutData ? {} : { supplied: { forbidden, reason } }
  return packArchive(
    new Map([
      ...files,
      ['.manifest', Buffer.from(JSON.stringify(manifest))],
      ['data.json', Buffer.from(JSON.stringify(data))],
    ]),
  )
}

/** A bundle of nothing but what the policy `supplied` reads. */
export function suppliedData(options: {
  readonly revision: string
  readonly forbidden: readonly string[]
}): Buffer {
  const { revision, forbidden } = options
  const data = { supplied: { forbidden, reason: `forbidden_by_${revision}` } }
  return packArchive([
    ['.manifest', Buffer.from(JSON.stringify({ revision, roots: ['supplied'] }))],
    ['data.json', Buffer.from(JSON.stringify(data))],
  ])
}

/** The bundle with other files: `undefined` takes one away. */
export async function altered(
  archive: Buffer,
  files: Readonly<Record<string, Buffer | undefined>>,
): Promise<Buffer> {
  const read = await unpackArchive(archive, maxBytes)
  const all = new Map<string, Buffer>(read.files)
  for (const [name, content] of Object.entries(files)) {
    if (content === undefined) all.delete(name)
    else all.set(name, content)
  }
  return packArchive(all)
}

export interface Publisher {
  /** As `POLICY_VERIFICATION_KEYS` names it; the file is `/keys/NAME.pem`. */
  readonly key: string
  readonly files: Readonly<Record<string, string>>
  sign(
    archive: Buffer,
    options?: { readonly at?: number; readonly scope?: string },
  ): Promise<Buffer>
}

/** Somebody who signs bundles with a key of its own. */
export function publisher(keyId: string): Publisher {
  const { privatePem, publicPem } = generateKeys('ES256')
  const path = `/keys/${keyId}.pem`
  return {
    key: `${keyId}=${path}`,
    files: { [path]: publicPem },
    sign: (archive, { at = Date.now(), scope } = {}) =>
      signBundle(archive, { keyPem: privatePem, keyId, scope, now: at }),
  }
}

export type BundleAnswer = (request: IncomingMessage, response: ServerResponse) => void

export interface BundleHost {
  readonly url: string
  /** From now on gives this archive, with its ETag. */
  give(archive: Buffer): void
  /** From now on answers like this. */
  answer(answer: BundleAnswer): void
  close(): Promise<void>
}

export async function startBundleHost(archive: Buffer): Promise<BundleHost> {
  let current = giving(archive)
  const server = createServer((request, response) => current(request, response))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/bundle.tar.gz`,
    give: (next) => (current = giving(next)),
    answer: (next) => (current = next),
    close: async () => {
      server.closeAllConnections()
      await once(server.close(), 'close')
    },
  }
}

function giving(archive: Buffer): BundleAnswer {
  const etag = `"${digestOf(archive)}"`
  return (request, response) => {
    const isKnown = request.headers['if-none-match'] === etag
    response.writeHead(isKnown ? 304 : 200, { etag, 'content-type': 'application/gzip' })
    response.end(isKnown ? undefined : archive)
  }
}

export interface Readyz {
  readonly ready: boolean
  readonly policy: {
    readonly state: string
    readonly revision?: string
    readonly last_error: { readonly fault: string; readonly message: string } | null
    readonly bundles: readonly Record<string, unknown>[]
  }
}

export async function readyz(gateway: TestGateway): Promise<Readyz> {
  const response = await fetch(`${gateway.opsUrl}/readyz`)
  return { ...((await response.json()) as Omit<Readyz, 'ready'>), ready: response.status === 200 }
}

/** The value of one series; NaN where there is none. */
export async function metric(gateway: TestGateway, series: string): Promise<number> {
  const text = await (await fetch(`${gateway.opsUrl}/metrics`)).text()
  const line = text.split('\n').find((each) => each.startsWith(`${series} `))
  return Number(line?.slice(series.length + 1) ?? NaN)
}
