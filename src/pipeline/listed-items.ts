import type { ResponseStep } from './response-steps.js'

/** Lists show what their reader may use. */
export const listedItems: ResponseStep = {
  reads: () => false,
  release: (message) => message,
}
