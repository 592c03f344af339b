import { createHmac, timingSafeEqual } from 'node:crypto'

/** Binds session ids to the principals that they were issued to. */
export interface Seal {
  /** Whether it does anything: without identities every id passes as it is. */
  readonly binds: boolean
  /** The id that the client gets: the upstream's own, and a tag that only this principal can use. */
  close(upstreamId: string, principalId: string): string
  /** The upstream's id; undefined where the tag is missing or another principal's. */
  open(sealedId: string, principalId: string): string | undefined
}

const tagLength = 22

/**
 * HMAC-SHA256 over principal and session, cut to 128 bits: any replica with the keys can check the owner. The first key
 * closes, each of them opens.
 * @param issued what the ids are and who issued them: what one server issued, none can pass off as another's
 * @throws RangeError without a key
 */
export function createSeal(keys: readonly Buffer[], issued: string): Seal {
  const [current] = keys
  if (current === undefined) throw new RangeError('A seal needs a key')
  const tag = (key: Buffer, upstreamId: string, principalId: string): string =>
    createHmac('sha256', key)
      .update(`${measured(issued)}${measured(principalId)}${upstreamId}`)
      .digest('base64url')
      .slice(0, tagLength)

  return {
    binds: true,
    close: (upstreamId, principalId) => `${upstreamId}.${tag(current, upstreamId, principalId)}`,
    open: (sealedId, principalId) => {
      const dot = sealedId.length - tagLength - 1
      if (dot < 1 || sealedId[dot] !== '.') return undefined
      const upstreamId = sealedId.slice(0, dot)
      const presented = Buffer.from(sealedId.slice(dot + 1))
      const isGenuine = keys.some((key) => {
        const expected = Buffer.from(tag(key, upstreamId, principalId))
        return presented.length === expected.length && timingSafeEqual(presented, expected)
      })
      return isGenuine ? upstreamId : undefined
    },
  }
}

/** With its length, so that it ends where it ends whatever stands in it. */
function measured(text: string): string {
  return `${Buffer.byteLength(text)}:${text}:`
}

/** For callers without identities: ids pass as the upstream issued them. */
export const openSeal: Seal = {
  binds: false,
  close: (upstreamId) => upstreamId,
  open: (sealedId) => sealedId,
}
