import type { GatewayError } from '../domain/errors.js'
import type { Chunks } from '../domain/reply.js'
import type { KeySearch } from '../wire/key-search.js'

/**
 * A body too long to be read, as it comes, for as long as nothing is found in it that would have to be judged. What a
 * client has of it by then is no whole message.
 * @throws GatewayError (from `read`) what `onFound` gives
 */
export function searchedChunks(
  body: Chunks,
  searches: readonly KeySearch[],
  onFound: () => Promise<GatewayError>,
): Chunks {
  const overlap = Math.max(0, ...searches.map(({ longest }) => longest)) - 1
  let last: Buffer = Buffer.alloc(0)

  const isFoundIn = (chunk: Buffer): boolean => {
    const stretch = Buffer.concat([last, chunk])
    last = Buffer.from(stretch.subarray(Math.max(0, stretch.length - overlap)))
    return searches.some((search) => search.isIn(stretch))
  }

  return {
    read: async () => {
      const chunk = await body.read()
      if (chunk === undefined || !isFoundIn(chunk)) return chunk
      body.cancel()
      throw await onFound()
    },
    cancel: () => body.cancel(),
  }
}
