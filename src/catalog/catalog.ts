import type { Catalog } from '../domain/ports.js'

/** Keeps what upstreams offer, within bounds. */
export function createCatalog(): Catalog {
  return { learn: () => undefined, tool: () => undefined }
}
