import { z } from 'zod'
import { says } from './samples.mjs'

/**
 * Tools for a call that its client gives up, and one that says what else came with a call.
 * @param {ReturnType<typeof createGivenUp>} givenUp
 */
export function addWaitingTools(server, givenUp) {
  const inputSchema = z.object({ key: z.string() })
  server.registerTool(
    'wait',
    { description: 'Reports progress once, then waits until its client gives up', inputSchema },
    async ({ key }, { mcpReq }) => {
      const aborted = new Promise((resolve) => {
        mcpReq.signal.addEventListener('abort', resolve, { once: true })
      })
      const progressToken = mcpReq._meta?.progressToken
      if (progressToken !== undefined) {
        const params = { progressToken, progress: 1 }
        await mcpReq.notify({ method: 'notifications/progress', params })
      }
      await aborted
      givenUp.note(key)
      return says('Nobody waits for this')
    },
  )
  server.registerTool(
    'await_given_up',
    { description: 'Answers once the `wait` with the same key was given up', inputSchema },
    async ({ key }) => {
      await givenUp.when(key)
      return says('Given up')
    },
  )
  server.registerTool(
    'echo_meta',
    { description: 'Says what metadata came with its call, but for what the protocol reserves' },
    ({ mcpReq }) => {
      const meta = { ...mcpReq._meta }
      delete meta.progressToken
      return says(JSON.stringify(meta))
    },
  )
}

/** Remembers which calls of `wait` were given up, across the servers of one process. */
export function createGivenUp() {
  const noted = new Set()
  const waiting = new Map()
  return {
    note(key) {
      noted.add(key)
      waiting.get(key)?.()
    },
    async when(key) {
      if (!noted.has(key)) await new Promise((resolve) => void waiting.set(key, resolve))
      noted.delete(key)
      waiting.delete(key)
    },
  }
}
