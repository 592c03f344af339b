import { createHmac, timingSafeEqual } from 'node:crypto'

/** Binds session ids to the principals that they were issued to. */
export interface Seal {
  /** The id that the client gets: the upstream's own, and a tag that only this principal can use. */
  close(upstreamId: string, principalId: string): string
  /** The upstream's id; undefined where the tag is missing or another principal's. */
  open(sealedId: string, principalId: string): string | undefined
}

const tagLength = 22

/** HMAC-SHA256 over principal and session, cut to 128 bits: any replica with the key can check the owner. */
export function createSeal(key: Buffer): Seal {
  const tag = (upstreamId: string, principalId: string): string =>
    createHmac('sha256', key)
      .update(`${Buffer.byteLength(principalId)}:${principalId}:${upstreamId}`)
      .digest('base64url')
      .slice(0, tagLength)

  return {
    close: (upstreamId, principalId) => `${upstreamId}.${tag(upstreamId, principalId)}`,
    open: (sealedId, principalId) => {
      const dot = sealedId.length - tagLength - 1
      if (dot < 1 || sealedId[dot] !== '.') return undefined
      const upstreamId = sealedId.slice(0, dot)
      const expected = Buffer.from(tag(upstreamId, principalId))
      const presented = Buffer.from(sealedId.slice(dot + 1))
      const genuine = presented.length === expected.length && timingSafeEqual(presented, expected)
      return genuine ? upstreamId : undefined
    },
  }
}

/** For callers without identities: ids pass as the upstream issued them. */
export const openSeal: Seal = {
  close: (upstreamId) => upstreamId,
  open: (sealedId) => sealedId,
}
