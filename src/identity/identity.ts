import { isIP } from 'node:net'
import { GatewayError } from '../domain/errors.js'
import { tellsOrigin } from '../domain/header-names.js'
import type { Identified, Identity, Presented } from '../domain/ports.js'
import { anonymous } from '../domain/principal.js'
import { createProxies, plainAddress, type Proxies } from './proxies.js'
import { identityHeaders, principalFrom } from './trusted-headers.js'

export interface IdentityOptions {
  readonly modes: readonly ('none' | 'trusted-headers')[]
  readonly trustedProxies: readonly string[]
}

/**
 * Says who calls. Only a peer in `trustedProxies` may speak for others: from anyone else `X-Forwarded-*`,
 * `Forwarded` and `X-Real-IP` are removed before anything can read them.
 */
export function createIdentity({ modes, trustedProxies }: IdentityOptions): Identity {
  const proxies = createProxies(trustedProxies)
  const believesHeaders = modes.includes('trusted-headers')
  return {
    authenticate: ({ peerAddress, headers, isRepeated }: Presented): Identified => {
      const peer = plainAddress(peerAddress)
      if (!proxies.include(peer)) {
        return { principal: anonymous, requestIp: peer, headers: without(headers, tellsOrigin) }
      }
      const doubtful = identityHeaders.find((name) => isRepeated(name))
      if (doubtful !== undefined) {
        throw new GatewayError('unauthenticated', `${doubtful} was sent more than once`)
      }
      return {
        principal: believesHeaders ? principalFrom(headers) : anonymous,
        requestIp: clientAddress(headers['x-forwarded-for'], peer, proxies),
        headers: believesHeaders ? headers : without(headers, isIdentityHeader),
      }
    },
  }
}

/** The nearest address that no trusted proxy vouches for passing on: what stands left of it may be invented. */
function clientAddress(forwardedFor: string | undefined, peer: string, proxies: Proxies): string {
  if (forwardedFor === undefined) return peer
  let nearest = peer
  for (const hop of forwardedFor.split(',').reverse()) {
    const address = plainAddress(hop.trim())
    if (isIP(address) === 0) return nearest
    nearest = address
    if (!proxies.include(address)) return nearest
  }
  return nearest
}

const identityHeaderNames: ReadonlySet<string> = new Set(identityHeaders)

function isIdentityHeader(name: string): boolean {
  return identityHeaderNames.has(name)
}

function without(
  headers: Presented['headers'],
  isUnwanted: (name: string) => boolean,
): Presented['headers'] {
  for (const name in headers) {
    if (isUnwanted(name)) {
      return Object.fromEntries(Object.entries(headers).filter(([each]) => !isUnwanted(each)))
    }
  }
  return headers
}
