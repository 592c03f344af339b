import type { ResponseStep } from './response-steps.js'

/** Requests of the server that stand in a result or an error. */
export const embeddedRequests: ResponseStep = {
  reads: () => false,
  release: (message) => message,
}
