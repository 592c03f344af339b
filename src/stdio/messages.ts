import type { PipedAnswer } from '../domain/answer.js'
import { GatewayError } from '../domain/errors.js'
import type { Chunks } from '../domain/reply.js'
import { createEventSplitter, type EventFrame } from '../wire/event-stream.js'

/**
 * Hands the messages of an answer to `take`, each as it comes and the next once that has resolved.
 * @throws GatewayError where the upstream failed, or where its reply holds no message
 */
export async function readMessages(
  { headers, chunks }: PipedAnswer,
  take: (message: Buffer) => Promise<void>,
): Promise<void> {
  const type = headers.find(([name]) => name === 'content-type')?.[1] ?? ''
  if (/^text\/event-stream/i.test(type)) return readEvents(chunks, take)
  const text = await gathered(chunks)
  if (text.length === 0) {
    throw new GatewayError('upstream_invalid', 'The server gave no answer to this request')
  }
  return take(text)
}

async function readEvents(chunks: Chunks, take: (message: Buffer) => Promise<void>): Promise<void> {
  const splitter = createEventSplitter()
  const takeAll = async (frames: readonly EventFrame[]): Promise<void> => {
    for (const { data } of frames) if (data !== undefined && data.length > 0) await take(data)
  }
  for (let chunk = await chunks.read(); chunk !== undefined; chunk = await chunks.read()) {
    await takeAll(splitter.push(chunk))
  }
  const rest = splitter.flush()
  if (rest !== undefined) await takeAll([rest])
}

async function gathered(chunks: Chunks): Promise<Buffer> {
  const whole: Buffer[] = []
  for (let chunk = await chunks.read(); chunk !== undefined; chunk = await chunks.read()) {
    whole.push(chunk)
  }
  return Buffer.concat(whole)
}
