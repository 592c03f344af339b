import type { IncomingHttpHeaders } from 'node:http'

/** An MCP server of one era only, and what it was sent. */
export interface OneEraServer {
  readonly url: string
  readonly received: readonly {
    readonly method: string
    readonly headers: IncomingHttpHeaders
  }[]
  close(): Promise<void>
}

export function startModernOnly(): Promise<OneEraServer>
export function startLegacyOnly(): Promise<OneEraServer>
