import type { JsonObject } from './json.js'

/** Who is calling, as far as it was verified. Nothing in it comes from what a caller can set by itself. */
export interface Principal {
  readonly id: string
  readonly roles: readonly string[]
  readonly teams: readonly string[]
  readonly authenticated: boolean
  readonly via: 'none' | 'trusted-headers' | 'jwt'
  readonly claims: JsonObject
}

export const anonymous: Principal = {
  id: '',
  roles: [],
  teams: [],
  authenticated: false,
  via: 'none',
  claims: {},
}
