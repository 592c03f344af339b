import process from 'node:process'

/** The result of a tool that waits until its call is cancelled, and says so on stderr. */
export async function untilAborted(signal) {
  if (!signal.aborted) {
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  }
  process.stderr.write('aborted\n')
  return { content: [{ type: 'text', text: 'aborted' }] }
}
