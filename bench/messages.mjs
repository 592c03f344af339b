import { anonymous } from '../dist/domain/principal.js'
import { readMessage } from '../dist/wire/message.js'
import { readOperation } from '../dist/wire/operation.js'

/** Rows of an ordinary table, JSON of about `bytes` together. */
export function rowsOf(bytes, extra = () => ({})) {
  const rows = []
  for (let size = 2, index = 0; size < bytes; index += 1) {
    const row = {
      id: index,
      name: `Employee ${index}`,
      city: index % 2 === 0 ? 'Berlin' : 'Łódź',
      active: index % 3 === 0,
      score: index / 7,
      note: 'Seen on Tuesday; nothing remarkable.',
      ...extra(index),
    }
    rows.push(row)
    size += JSON.stringify(row).length + 1
  }
  return rows
}

/** A tools/call with these arguments, as the gateway has it after reading it. */
export function toolCall(name, args) {
  const params = { name, arguments: args }
  const text = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params })
  const message = readMessage(Buffer.from(text))
  return {
    id: '0190163d-8694-739b-aea5-966c26f8ad91',
    message,
    operation: readOperation(message),
    direction: 'to_server',
    principal: { ...anonymous, id: 'alice@example.org', roles: ['dev'], authenticated: true },
    claimed: { name: 'bench', version: '1' },
    server: 'default',
    session: { id: 'b5bb9d8014a0f9b1d61e21e796d78dcc', upstreamId: 's' },
    headers: { 'user-agent': 'bench/1', accept: 'application/json, text/event-stream' },
    requestIp: '192.0.2.44',
    protocol: '2025-11-25',
    time: Date.now(),
    era: 'legacy',
  }
}

/** A result, and where it stands in its message. */
export function toolResult(result) {
  const text = Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 1, result }))
  return { text, span: readMessage(text).outcome.span, isError: false }
}
