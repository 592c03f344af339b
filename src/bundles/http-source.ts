import { PolicySupplyError } from '../domain/errors.js'
import type { BundleSource } from './source.js'
import { limitTime } from './time-limit.js'

export interface HttpSourceOptions {
  readonly url: string
  readonly token: string | undefined
  readonly maxBytes: number
  /** 0: fetched only when asked to. */
  readonly pollSec: number
  readonly firstByteMs?: number
  readonly wholeMs?: number
  /** From 0 to 1: spreads the polls of many gateways. */
  readonly random?: () => number
}

/**
 * A bundle behind HTTP(S), asked for with the ETag (RFC 9110) of the last one that was activated: one
 * that was refused is fetched again at each poll.
 */
export function createHttpSource(options: HttpSourceOptions): BundleSource {
  const target = new URL(options.url)
  const name = `${target.origin}${target.pathname}`
  const closing = new AbortController()
  let offered: string | undefined
  let inForce: { readonly etag: string | undefined } | undefined
  let timer: NodeJS.Timeout | undefined

  function nextPollMs(): number {
    const sec = inForce === undefined ? Math.min(options.pollSec, firstPollSec) : options.pollSec
    return sec * 1000 * (0.9 + 0.2 * (options.random ?? Math.random)())
  }

  return {
    name,
    async fetch(signal) {
      const answer = await download({
        ...options,
        target,
        name,
        etag: inForce?.etag,
        signals: [signal, closing.signal],
      })
      if (answer.type === 'archive') offered = answer.etag
      return answer
    },
    accepted() {
      inForce = { etag: offered }
    },
    watch(onChange) {
      if (options.pollSec === 0 || timer !== undefined) return
      const arm = (): void => {
        timer = setTimeout(() => {
          onChange()
          arm()
        }, nextPollMs()).unref()
      }
      arm()
    },
    close() {
      clearTimeout(timer)
      closing.abort()
      return Promise.resolve()
    },
  }
}

interface Download extends HttpSourceOptions {
  readonly target: URL
  readonly name: string
  readonly etag: string | undefined
  readonly signals: readonly AbortSignal[]
}

type Answer =
  | { readonly type: 'archive'; readonly bytes: Buffer; readonly etag: string | undefined }
  | { readonly type: 'unchanged' }

async function download(request: Download): Promise<Answer> {
  const whole = limitTime(request.signals, request.wholeMs ?? wholeMs)
  try {
    const response = await follow(request, whole.signal)
    if (response.status === 200) {
      refuseEncoding(response, request.name)
      const bytes = await readBody(response, request, whole.signal)
      return { type: 'archive', bytes, etag: response.headers.get('etag') ?? undefined }
    }
    await response.body?.cancel()
    if (response.status === 304 && request.etag !== undefined) return { type: 'unchanged' }
    throw absent(request.name, `answered ${response.status}${adviceFor(response.status)}`)
  } finally {
    whole.release()
  }
}

async function follow(request: Download, whole: AbortSignal): Promise<Response> {
  let at = withoutCredentials(request.target)
  for (let left = maxRedirects; ; left -= 1) {
    const response = await ask(request, at, whole)
    const location = response.headers.get('location')
    if (!redirects.has(response.status) || location === null) return response
    await response.body?.cancel()
    if (left === 0) throw absent(request.name, `redirects more than ${maxRedirects} times`)
    at = nextAddress(at, location, request.name)
  }
}

async function ask(request: Download, at: URL, whole: AbortSignal): Promise<Response> {
  const first = limitTime([whole], request.firstByteMs ?? firstByteMs)
  try {
    return await fetch(at.href, {
      headers: headersFor(request, at),
      redirect: 'manual',
      signal: first.signal,
    })
  } catch (fault) {
    if (isGivenUp(first.signal)) throw fault
    if (first.signal.aborted) throw absent(request.name, 'did not answer in time', fault)
    throw absent(request.name, `cannot be reached${codeOf(fault)}`, fault)
  } finally {
    first.release()
  }
}

/** Credentials are for the configured origin only, wherever it redirects to. */
function headersFor({ target, token, etag }: Download, at: URL): Record<string, string> {
  // A content coding would be undone on the way in, and the archive's own gzip with it.
  const headers: Record<string, string> = { 'accept-encoding': 'identity' }
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

function refuseEncoding(response: Response, name: string): void {
  const coding = response.headers.get('content-encoding')
  if (coding === null || coding === 'identity') return
  void response.body?.cancel()
  throw refuse(
    `from ${name} comes with Content-Encoding ${coding}: serve the file as it is, as application/gzip`,
  )
}

/** Once the server has begun to hand out a bundle, a policy is there: what goes wrong from here on is no absence. */
async function readBody(
  response: Response,
  { name, maxBytes }: Download,
  whole: AbortSignal,
): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of chunksOf(response, whole)) {
      bytes += chunk.length
      if (bytes > maxBytes) break
      chunks.push(chunk)
    }
    whole.throwIfAborted()
  } catch (fault) {
    if (isGivenUp(whole)) throw fault
    throw refuse(`from ${name} is cut off after ${bytes} bytes`, fault)
  }
  if (bytes <= maxBytes) return Buffer.concat(chunks)
  throw refuse(`from ${name} has more than ${maxBytes} bytes (POLICY_BUNDLE_MAX_BYTES)`)
}

async function* chunksOf({ body }: Response, whole: AbortSignal): AsyncGenerator<Buffer> {
  if (body === null) return
  const reader: ReadableStreamDefaultReader<Uint8Array> = body.getReader()
  const stop = (): void => {
    reader.cancel().catch(() => undefined) // a reader that has failed already says so in `read`
  }
  whole.addEventListener('abort', stop)
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      yield Buffer.from(value)
    }
  } finally {
    whole.removeEventListener('abort', stop)
    stop()
  }
}

/** Nobody waits for it any more, which is not the server's fault as a deadline is. */
function isGivenUp({ aborted, reason }: AbortSignal): boolean {
  return aborted && !(reason instanceof DOMException && reason.name === 'TimeoutError')
}

function adviceFor(status: number): string {
  switch (status) {
    case 401:
    case 403:
      return ': check POLICY_BUNDLE_TOKEN'
    case 404:
      return ': check POLICY_BUNDLE_URL'
    case 304:
      return ' to a request that had no condition'
    default:
      return ''
  }
}

function codeOf(fault: unknown): string {
  const cause = fault instanceof Error ? fault.cause : undefined
  return cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : ''
}

function absent(name: string, what: string, cause?: unknown): PolicySupplyError {
  return new PolicySupplyError('absent', `The bundle server ${name} ${what}`, { cause })
}

function refuse(what: string, cause?: unknown): PolicySupplyError {
  return new PolicySupplyError('archive', `The bundle ${what}`, { cause })
}

const redirects = new Set([301, 302, 303, 307, 308])
const maxRedirects = 5
const firstByteMs = 30_000
const wholeMs = 300_000
const firstPollSec = 5
