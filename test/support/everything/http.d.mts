import type { McpServerFactory } from '@modelcontextprotocol/server'

/** A server of both eras on one URL. */
export interface Everything {
  readonly url: string
  close(): Promise<void>
}

export function startEverything(options?: { readonly port?: number }): Promise<Everything>

export function serveBothEras(factory: McpServerFactory): Promise<Everything>
