import { connect } from 'node:net'
import { URL } from 'node:url'

/** Many event streams on one address, over plain sockets so that the client weighs little. */
export function createStreams(url) {
  const { hostname, port, pathname } = new URL(url)
  const open = new Set()
  let words = 0

  /** The status that the stream was answered with; 0 where the connection ended without one. */
  async function openOne() {
    const socket = connect({ host: hostname, port: Number(port) })
    socket.on('error', () => undefined)
    socket.setNoDelay()
    socket.write(
      `GET ${pathname} HTTP/1.1\r\nHost: ${hostname}\r\nAccept: text/event-stream\r\n\r\n`,
    )
    const head = await new Promise((resolve) => {
      socket.once('data', resolve)
      socket.once('close', resolve)
    })
    const status = Number(/^HTTP\/1\.1 (\d+)/.exec(String(head ?? ''))?.[1] ?? 0)
    if (status !== 200) {
      socket.destroy()
      return status
    }
    open.add(socket)
    socket.on('data', (chunk) => {
      words += chunk.toString('latin1').split('list_changed').length - 1
    })
    socket.once('close', () => open.delete(socket))
    return status
  }

  return {
    get open() {
      return open.size
    },
    /** Broadcast words that arrived since it was last asked. */
    takeWords() {
      const seen = words
      words = 0
      return seen
    },
    /** How often each status came. */
    async openMany(count, atOnce = 100) {
      const statuses = new Map()
      let left = count
      const worker = async () => {
        while (left > 0) {
          left -= 1
          const status = await openOne()
          statuses.set(status, (statuses.get(status) ?? 0) + 1)
        }
      }
      await Promise.all(Array.from({ length: atOnce }, worker))
      return statuses
    },
    close() {
      for (const socket of open) socket.destroy()
    },
  }
}
