import type { IncomingMessage } from 'node:http'
import { PolicySupplyError } from '../domain/errors.js'
import { absent, exchange, isGivenUp } from './http-exchange.js'
import { limitTime } from './time-limit.js'

/** One attempt to get a bundle, redirects included. */
export interface DownloadRequest {
  readonly target: URL
  /** The server as it is called in errors. */
  readonly name: string
  readonly token: string | undefined
  readonly ca: string | undefined
  readonly userAgent: string
  /** Of the bundle in force. */
  readonly etag: string | undefined
  /** How long the server may hold the request; 0: it is to answer at once. */
  readonly holdSec: number
  readonly maxBytes: number
  readonly limits: DownloadLimits
  readonly signals: readonly AbortSignal[]
}

/** Milliseconds; what the server was asked to hold comes on top of the first two. */
export interface DownloadLimits {
  readonly firstByteMs: number
  readonly wholeMs: number
  /** Between two chunks of a body. */
  readonly silenceMs: number
}

/** `holds`: the server speaks OPA's long polling. */
export type Downloaded =
  | {
      readonly type: 'archive'
      readonly bytes: Buffer
      readonly etag: string | undefined
      readonly holds: boolean
    }
  | { readonly type: 'unchanged'; readonly holds: boolean }
  /** Anything else that the server may say. */
  | {
      readonly type: 'status'
      readonly status: number
      readonly retryAfter: string | undefined
    }

/** @throws PolicySupplyError, and the reason of a signal where nobody waits any more */
export async function download(request: DownloadRequest): Promise<Downloaded> {
  const { limits, holdSec, etag, name } = request
  const whole = limitTime(request.signals, limits.wholeMs + holdSec * 1000)
  try {
    const response = await follow(request, whole.signal)
    const { statusCode: status = 0, headers } = response
    const holds = headers['content-type'] === longPollType
    if (status === 200) {
      refuseCoding(response, name)
      const bytes = await readBody(response, request, whole.signal)
      return { type: 'archive', bytes, etag: usableEtag(headers.etag), holds }
    }
    response.destroy()
    if (status === 304 && etag !== undefined) return { type: 'unchanged', holds }
    return { type: 'status', status, retryAfter: headers['retry-after'] }
  } finally {
    whole.release()
  }
}

const longPollType = 'application/vnd.openpolicyagent.bundles'

async function follow(request: DownloadRequest, signal: AbortSignal): Promise<IncomingMessage> {
  const { target, name, ca, limits, holdSec } = request
  const firstByteMs = limits.firstByteMs + holdSec * 1000
  let at = withoutCredentials(target)
  for (let left = maxRedirects; ; left -= 1) {
    const headers = headersFor(request, at)
    const response = await exchange({ at, name, headers, ca, firstByteMs, signal })
    const { location } = response.headers
    if (!redirects.has(response.statusCode ?? 0) || location === undefined) return response
    response.destroy()
    if (left === 0) throw absent(name, `redirects more than ${maxRedirects} times`)
    at = nextAddress(at, location, name)
  }
}

/** Credentials are for the configured origin only, wherever it redirects to. */
function headersFor(
  { target, token, etag, userAgent, holdSec }: DownloadRequest,
  at: URL,
): Record<string, string> {
  const headers: Record<string, string> = {
    'user-agent': userAgent,
    accept: '*/*',
    'accept-encoding': 'identity',
    prefer: holdSec > 0 ? `modes=snapshot;wait=${holdSec}` : 'modes=snapshot',
  }
  if (etag !== undefined) headers['if-none-match'] = etag
  const authorization = authorizationOf(target, token)
  if (authorization !== undefined && at.origin === target.origin) {
    headers['authorization'] = authorization
  }
  return headers
}

function authorizationOf(target: URL, token: string | undefined): string | undefined {
  if (token !== undefined) return `Bearer ${token}`
  if (target.username === '' && target.password === '') return undefined
  const pair = `${decodeURIComponent(target.username)}:${decodeURIComponent(target.password)}`
  return `Basic ${Buffer.from(pair).toString('base64')}`
}

function nextAddress(from: URL, location: string, name: string): URL {
  const next = URL.canParse(location, from.href) ? new URL(location, from) : undefined
  if (next === undefined || !/^https?:$/.test(next.protocol)) {
    throw absent(name, 'redirects to something that is not an HTTP address')
  }
  if (from.protocol === 'https:' && next.protocol === 'http:') {
    throw new PolicySupplyError('check', `The bundle server ${name} redirects from https to http`)
  }
  return withoutCredentials(next)
}

function withoutCredentials(url: URL): URL {
  const bare = new URL(url)
  bare.username = ''
  bare.password = ''
  return bare
}

/** What cannot be sent back as it came is no tag to ask with. */
function usableEtag(etag: string | undefined): string | undefined {
  return etag !== undefined && /^[\x20-\x7e]{1,1024}$/.test(etag) ? etag : undefined
}

/** Some servers call the archive's own gzip a content coding: nothing undoes it here, so the bytes are as they lie there. */
function refuseCoding(response: IncomingMessage, name: string): void {
  const coding = response.headers['content-encoding'] ?? 'identity'
  if (/^(?:identity|(?:x-)?gzip)$/i.test(coding)) return
  response.destroy()
  throw refuse(
    `from ${name} comes with Content-Encoding ${coding}: serve the file as it is, as application/gzip`,
  )
}

/** Once the server has begun to hand out a bundle, a policy is there: what goes wrong from here on is no absence. */
async function readBody(
  response: IncomingMessage,
  { name, maxBytes, limits }: DownloadRequest,
  whole: AbortSignal,
): Promise<Buffer> {
  const announced = Number(response.headers['content-length'] ?? 0)
  const chunks: Buffer[] = []
  let bytes = 0
  const silence = setTimeout(() => response.destroy(new Error('Silence')), limits.silenceMs)
  try {
    if (announced <= maxBytes) {
      for await (const chunk of response as AsyncIterable<Buffer>) {
        silence.refresh()
        bytes += chunk.length
        if (bytes > maxBytes) break
        chunks.push(chunk)
      }
    }
  } catch (fault) {
    if (isGivenUp(whole)) throw whole.reason
    throw refuse(`from ${name} is cut off after ${bytes} bytes`, fault)
  } finally {
    clearTimeout(silence)
    response.destroy()
  }
  if (bytes <= maxBytes && announced <= maxBytes) return Buffer.concat(chunks)
  throw refuse(`from ${name} has more than ${maxBytes} bytes (POLICY_BUNDLE_MAX_BYTES)`)
}

function refuse(what: string, cause?: unknown): PolicySupplyError {
  return new PolicySupplyError('archive', `The bundle ${what}`, { cause })
}

const redirects = new Set([301, 302, 303, 307, 308])
const maxRedirects = 5
