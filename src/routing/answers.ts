import type { Answer, PipedAnswer, RefusedAnswer, WholeAnswer } from '../domain/answer.js'
import { GatewayError } from '../domain/errors.js'
import { bodyOf } from '../domain/local-reply.js'
import type { Chunks } from '../domain/reply.js'
import { createEventSplitter, type EventFrame } from '../wire/event-stream.js'

/** An answer with a body, or one that may have one. */
export type SaidAnswer = WholeAnswer | PipedAnswer

export type AnyAnswer = Answer | RefusedAnswer

export function isSaid(answer: AnyAnswer): answer is SaidAnswer {
  return answer.type === 'whole' || answer.type === 'piped'
}

export function formOf({ headers }: SaidAnswer): 'json' | 'events' | 'other' {
  const type = headers.find(([name]) => name === 'content-type')?.[1] ?? ''
  if (/^\s*text\/event-stream/i.test(type)) return 'events'
  return /^\s*application\/json/i.test(type) ? 'json' : 'other'
}

export function chunksOf(answer: SaidAnswer): Chunks {
  return answer.type === 'whole' ? bodyOf(answer.text) : answer.chunks
}

/** Lets go of an answer whose content is not wanted. */
export function drop(answer: AnyAnswer): void {
  if (answer.type === 'piped') letEnd(answer.chunks)
}

/** How long a stream that has said everything may take to end, milliseconds. */
const endingMs = 1_000

/** Lets a stream end by itself, if it does so soon: its connection can be used again, and its call is known to be over. */
export function letEnd(chunks: Chunks): void {
  const timer = setTimeout(() => chunks.cancel(), endingMs)
  timer.unref()
  const next = (chunk: Buffer | undefined): Promise<void> | undefined =>
    chunk === undefined ? undefined : chunks.read().then(next)
  chunks
    .read()
    .then(next)
    .catch(() => undefined)
    .finally(() => clearTimeout(timer))
}

/** Headers that speak of this very body, or of a session that only the gateway knows, do not go on. */
export function headersBeyond({ headers }: SaidAnswer): SaidAnswer['headers'] {
  return headers.filter(([name]) => name !== 'content-length' && name !== 'mcp-session-id')
}

/** @throws GatewayError `upstream_invalid` where the body is longer; or as the upstream failed */
export async function collected(answer: SaidAnswer, maxBytes: number): Promise<Buffer> {
  const chunks = chunksOf(answer)
  const parts: Buffer[] = []
  let length = 0
  for (let chunk = await chunks.read(); chunk !== undefined; chunk = await chunks.read()) {
    length += chunk.length
    if (length > maxBytes) throw tooLong(chunks, maxBytes)
    parts.push(chunk)
  }
  return Buffer.concat(parts, length)
}

/** The events of an answer, one stretch of the stream after the other. */
export interface EventReader {
  /**
   * The events that came next, perhaps none; undefined at the end.
   * @throws GatewayError `upstream_invalid` for an event over the limit; or as the upstream failed
   */
  read(): Promise<readonly EventFrame[] | undefined>
}

export function eventsOf(chunks: Chunks, maxBytes: number): EventReader {
  const splitter = createEventSplitter()
  let ended = false
  return {
    read: async () => {
      if (ended) return undefined
      const chunk = await chunks.read()
      if (chunk !== undefined) {
        const frames = splitter.push(chunk)
        if (splitter.pendingBytes > maxBytes) throw tooLong(chunks, maxBytes)
        return frames
      }
      ended = true
      const rest = splitter.flush()
      return rest === undefined ? [] : [rest]
    },
  }
}

function tooLong(chunks: Chunks, maxBytes: number): GatewayError {
  chunks.cancel()
  return new GatewayError(
    'upstream_invalid',
    `A message of the upstream is longer than the ${maxBytes} bytes that are read`,
  )
}

const json: SaidAnswer['headers'] = [['content-type', 'application/json']]

/** @param result JSON text */
export function resultAnswer(id: string, result: string, headers: SaidAnswer['headers'] = []) {
  return jsonAnswer(`{"jsonrpc":"2.0","id":${id},"result":${result}}`, headers)
}

/** A message that is whole. */
export function messageAnswer(text: Buffer): WholeAnswer {
  return { type: 'whole', status: 200, headers: json, text }
}

/** An error as a server tells it: in-band. */
export function errorAnswer(id: string, code: number, message: string): WholeAnswer {
  return jsonAnswer(`{"jsonrpc":"2.0","id":${id},"error":${JSON.stringify({ code, message })}}`, [])
}

function jsonAnswer(text: string, headers: SaidAnswer['headers']): WholeAnswer {
  return { type: 'whole', status: 200, headers: [...json, ...headers], text: Buffer.from(text) }
}

/** The session is gone: only this status makes a client begin again. */
export const sessionGone: WholeAnswer = {
  type: 'whole',
  status: 404,
  headers: json,
  text: Buffer.from(
    '{"jsonrpc":"2.0","id":null,"error":{"code":-32001,"message":"Session not found"}}',
  ),
}

export function eventsAnswer(chunks: Chunks): PipedAnswer {
  return {
    type: 'piped',
    status: 200,
    headers: [
      ['content-type', 'text/event-stream'],
      ['cache-control', 'no-cache'],
    ],
    chunks,
  }
}
