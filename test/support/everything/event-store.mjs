/**
 * Keeps the events of the streams of one session, so that a client that comes back gets what it missed.
 * @returns {import('@modelcontextprotocol/server').EventStore}
 */
export function createEventStore() {
  const events = []
  const streamOf = (id) => events.find((event) => event.id === id)?.stream
  return {
    async storeEvent(stream, message) {
      const id = `${stream}_${events.length}`
      events.push({ id, stream, message })
      return id
    },
    async getStreamIdForEventId(id) {
      return streamOf(id)
    },
    async replayEventsAfter(lastId, { send }) {
      const last = events.findIndex(({ id }) => id === lastId)
      const stream = streamOf(lastId) ?? ''
      // A priming event has an id and no message: there is nothing in it to send again.
      const missed = events
        .slice(last + 1)
        .filter((event) => event.stream === stream && event.message.jsonrpc !== undefined)
      for (const { id, message } of missed) await send(id, message)
      return stream
    },
  }
}
