import { createHash, hash } from 'node:crypto'
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { Answer, PipedAnswer, WholeAnswer } from '../domain/answer.js'
import type { CallResult } from '../domain/entry.js'
import { asGatewayError, type GatewayError } from '../domain/errors.js'
import { refuseInBand, wire, type Refused, type Telling } from '../wire/refusal.js'
import { isEventStream, lookAfter, type StreamCare } from './stream-care.js'

export type HeaderList = readonly (readonly [string, string])[]

/** What was written, for the outcome record. */
export type Written = Omit<CallResult, 'latencyMs'>

/**
 * Writes an answer out, as fast as the client takes it. How it ended is in what it gives.
 * @throws GatewayError where the upstream failed before anything was written
 */
export async function writeAnswer(
  response: ServerResponse,
  answer: Answer,
  extra: HeaderList,
  care?: StreamCare,
): Promise<Written> {
  switch (answer.type) {
    case 'whole':
      return writeWhole(response, answer, extra)
    case 'accepted':
      return writeAccepted(response, extra)
    case 'piped':
      return isShort(answer)
        ? writeWhole(response, await gathered(answer), extra)
        : writePiped(response, answer, extra, care)
  }
}

/** 202 without a body. */
export function writeAccepted(response: ServerResponse, extra: HeaderList): Written {
  return writeWhole(response, accepted, extra)
}

const accepted: WholeAnswer = { type: 'whole', status: 202, headers: [], text: Buffer.alloc(0) }

const singleWriteBytes = 16 * 1024

/** A body of at most this length goes out in one write with its headers: two cost a tenth of a whole call. */
const shortBytes = 64 * 1024

// An event stream may say its length too, and its events go on one by one all the same.
function isShort({ headers }: PipedAnswer): boolean {
  let length = Infinity
  for (const [name, value] of headers) {
    if (name === 'content-length') length = Number(value)
    if (name === 'content-type' && value.includes('event-stream')) return false
  }
  return length <= shortBytes
}

async function gathered({ status, headers, chunks }: PipedAnswer): Promise<WholeAnswer> {
  const whole: Buffer[] = []
  for (let chunk = await chunks.read(); chunk !== undefined; chunk = await chunks.read()) {
    whole.push(chunk)
  }
  const [only] = whole
  return {
    type: 'whole',
    status,
    headers,
    text: whole.length === 1 && only !== undefined ? only : Buffer.concat(whole),
  }
}

function writeWhole(response: ServerResponse, answer: WholeAnswer, extra: HeaderList): Written {
  const { status, headers, text } = answer
  const gone = response.destroyed
  if (!gone) {
    // RFC 9110, section 8.6: none with 204.
    const flat = status === 204 ? [] : ['content-length', String(text.length)]
    addHeaders(flat, headers)
    addHeaders(flat, extra)
    response.writeHead(status, flat)
    // As one string with the headers it is one write; apart it is a list of two, which costs twice as much.
    if (text.length <= singleWriteBytes) response.end(text.toString('latin1'), 'latin1')
    else response.end(text)
  }
  const end = gone ? 'client_closed' : 'completed'
  return { status, digest: hash('sha256', text), bytes: text.length, end }
}

async function writePiped(
  response: ServerResponse,
  answer: PipedAnswer,
  extra: HeaderList,
  care: StreamCare | undefined,
): Promise<Written> {
  const { status, headers, chunks } = answer
  const sink = createSink(response, status)
  const cared =
    care !== undefined && isEventStream(answer) ? lookAfter(response, care, sink.put) : undefined
  try {
    const flat: string[] = []
    for (const [name, value] of [...headers, ...extra]) flat.push(name, value)
    response.writeHead(status, flat)
    // Node holds headers back until the first byte; a client waits for them to know that its stream is open.
    response.flushHeaders()
    for (let chunk = await chunks.read(); chunk !== undefined; chunk = await chunks.read()) {
      if (response.destroyed) {
        chunks.cancel()
        break
      }
      cared?.wrote(chunk)
      if (!sink.put(chunk)) await roomIn(response)
    }
    response.end()
    return sink.written(response.destroyed ? 'client_closed' : 'completed')
  } catch (thrown) {
    const gone = response.destroyed
    const word =
      cared?.isBetweenEvents === true ? care?.lastWord(asGatewayError(thrown)) : undefined
    if (gone || word === undefined) {
      // A stream that breaks off must not look as if it had ended.
      response.destroy()
    } else {
      sink.put(word)
      response.end()
    }
    return sink.written(gone ? 'client_closed' : 'upstream_failed')
  } finally {
    cared?.stop()
  }
}

/** Where the bytes of a stream go, and what was written there. */
function createSink(response: ServerResponse, status: number) {
  const digest = createHash('sha256')
  let bytes = 0
  return {
    /** False where the client has to take something first. */
    put: (chunk: Buffer): boolean => {
      digest.update(chunk)
      bytes += chunk.length
      return response.write(chunk)
    },
    written: (end: Written['end']): Written => ({
      status,
      digest: digest.digest('hex'),
      bytes,
      end,
    }),
  }
}

/** Resolves when the client has taken what was written, or is gone. */
async function roomIn(response: ServerResponse): Promise<void> {
  if (response.destroyed) return
  const gone = new AbortController()
  const close = (): void => gone.abort()
  response.once('close', close)
  try {
    await once(response, 'drain', { signal: gone.signal })
  } catch (thrown) {
    if (!gone.signal.aborted) throw thrown
  } finally {
    response.off('close', close)
  }
}

/** The one translation of an error into HTTP. */
export function writeRefusal(
  response: ServerResponse,
  error: GatewayError,
  request: Refused,
  telling: Telling,
  extra: HeaderList,
): Written {
  const text = refuseInBand(error, request, telling)
  const status = statusOf(error, request, telling)
  const retry = error.detail?.retryAfterSec
  const headers: [string, string][] = [['content-type', 'application/json']]
  // Nobody is invited to repeat a call that was already carried out.
  const repeatable = error.detail?.forwarded !== true
  if (repeatable && (status === 429 || (status === 503 && retry !== undefined))) {
    headers.push(['retry-after', wholeSeconds(retry)])
  }
  if (status === 405) headers.push(['allow', allowed(error)])
  // RFC 9110 wants a challenge; where a proxy says who calls, it is the proxy that takes the token.
  if (status === 401) headers.push(['www-authenticate', 'Bearer realm="portcullis"'])
  const written = writeWhole(response, { type: 'whole', status, headers, text }, extra)
  return { ...written, end: written.end === 'completed' ? 'refused' : written.end }
}

function allowed({ code }: GatewayError): string {
  return code === 'post_only' ? 'POST' : 'GET, POST, DELETE, OPTIONS'
}

function statusOf(error: GatewayError, { kind, id }: Refused, { style }: Telling): number {
  const { http, fault } = wire[error.code]
  if (fault === 'protocol') return error.inBand ? 200 : http
  // A notification has no answer that could carry the refusal: it is dropped.
  const inBand = style !== 'http' && id !== 'null'
  if (inBand) return 200
  if (kind !== 'server/discover') return http
  // Any other 4xx makes a client fall back to the older protocol for as long as it lives.
  return http === 422 ? 403 : http === 429 ? 503 : http
}

/** For `Retry-After`, which knows whole seconds only: at least one, at most a day. */
function wholeSeconds(seconds = 1): string {
  return String(seconds > 1 ? Math.ceil(Math.min(seconds, 86_400)) : 1)
}

function addHeaders(flat: string[], headers: HeaderList): void {
  for (const [name, value] of headers) {
    if (name !== 'content-length') flat.push(name, value)
  }
}
