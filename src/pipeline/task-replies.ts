import type { ResponseStep } from './response-steps.js'

/** Tasks: whose they are, and the results that come of them later. */
export const taskReplies: ResponseStep = {
  reads: () => false,
  release: (message) => message,
}
