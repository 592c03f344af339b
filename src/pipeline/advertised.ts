import type { ResponseStep } from './response-steps.js'

/** What a server says of itself (`initialize`, `server/discover`): nothing is advertised that is refused. */
export const advertised: ResponseStep = {
  reads: () => false,
  release: (message) => message,
}
