import { expect, test } from 'vitest'
import { claimedClient, cutClaim } from '../../src/wire/claims.js'
import { readMessage } from '../../src/wire/message.js'

function initialize(clientInfo: object) {
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo }
  const text = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params })
  const message = readMessage(Buffer.from(text))
  if (message.form === 'response') throw new Error('not a request')
  return message
}

test('what a client says of itself is kept as it says it', () => {
  const claimed = { name: 'größe \u{1f600}', version: '1.0' }
  expect(claimedClient(initialize(claimed))).toEqual(claimed)
})

test('but only the first 256 characters of it', () => {
  const claimed = claimedClient(initialize({ name: 'n'.repeat(10_000), version: 'v'.repeat(257) }))
  expect(claimed).toEqual({ name: 'n'.repeat(256), version: 'v'.repeat(256) })
  expect(cutClaim('é'.repeat(300))).toBe('é'.repeat(256))
})
