/** The MCP session that a request names. */
export interface Session {
  /** A digest of the live id: what policy and records may see. */
  readonly id: string
  /** The id as the upstream issued it. */
  readonly upstreamId: string
}

/** What a client says of itself in `initialize` or `_meta`; never a ground for trust. */
export interface ClaimedClient {
  readonly name: string
  readonly version: string
}

/** What `initialize` said. */
export interface SessionFacts {
  readonly claimed: ClaimedClient | undefined
  readonly protocol: string
}
