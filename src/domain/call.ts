import type { Era } from './era.js'
import type { Direction, Message } from './message.js'
import type { Operation } from './operation.js'
import type { Principal } from './principal.js'
import type { ClaimedClient, Session } from './session.js'

/** One message on its way through the gateway, with everything that judging and forwarding it needs. */
export interface Call {
  /** Joins the records of one call. */
  readonly id: string
  readonly message: Message
  readonly operation: Operation
  /** Of a notification on the stream of a call's reply: what that call asked for. */
  readonly causedBy?: Operation | undefined
  readonly direction: Direction
  readonly principal: Principal
  readonly claimed: ClaimedClient | undefined
  /** The upstream's name in the configuration. */
  readonly server: string
  readonly session: Session | undefined
  /** What the caller sent, names in lower case, identity headers of untrusted peers removed. */
  readonly headers: Headers
  readonly requestIp: string
  /** MCP protocol revision: header, else `_meta`, else '' where none is known. */
  readonly protocol: string
  /** When the call arrived: milliseconds since the epoch. */
  readonly time: number
  /** The era in which its sender speaks; a stream or session as a whole (GET, DELETE) is `legacy`. */
  readonly era: Era
}

export type Headers = Readonly<Record<string, string>>
