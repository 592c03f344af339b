import { describe, expect, test } from 'vitest'
import { readMessage } from '../../src/wire/message.js'
import {
  refuseDisagreement,
  refuseMirrored,
  writeMirrored,
} from '../../src/wire/mirrored-headers.js'

const call = (name: string) => {
  const message = readMessage(
    Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name } })),
  )
  if (message.form === 'response') throw new Error('not a request')
  return message
}

const agrees = (name: string, headers: Record<string, string>, version?: string) => () =>
  refuseDisagreement(call(name), headers, version)

describe('headers that mirror the body', () => {
  test('agree with it, in plain and in base64', () => {
    expect(agrees('echo', { 'mcp-method': 'tools/call', 'mcp-name': ' echo ' })).not.toThrow()
    expect(agrees('größe', { 'mcp-name': writeMirrored('größe') })).not.toThrow()
    expect(agrees('echo', {})).not.toThrow()
    expect(agrees('echo', { 'mcp-protocol-version': '2026-07-28' }, '2026-07-28')).not.toThrow()
  })

  test.each([
    [{ 'mcp-method': 'tools/list' }, undefined],
    [{ 'mcp-method': 'tools/call, tools/list' }, undefined],
    [{ 'mcp-name': 'other' }, undefined],
    [{ 'mcp-name': '=?base64?b3RoZXI=?=' }, undefined],
    [{ 'mcp-protocol-version': '2025-11-25' }, '2026-07-28'],
  ])('are refused where they disagree: %o', (headers, version) => {
    expect(agrees('echo', headers as Record<string, string>, version)).toThrow(
      expect.objectContaining({ code: 'header_mismatch' }),
    )
  })

  test('are written in base64 where they are not plain', () => {
    expect(writeMirrored('plain name')).toBe('plain name')
    expect(writeMirrored(' padded')).toBe('=?base64?IHBhZGRlZA==?=')
    expect(writeMirrored('=?base64?eA==?=')).toMatch(/^=\?base64\?/)
    expect(writeMirrored('a\nb')).toBe('=?base64?YQpi?=')
  })
})

test('a response has nothing to mirror, so whatever claims to is refused', () => {
  expect(() => refuseMirrored({ 'mcp-protocol-version': '2025-11-25' })).not.toThrow()
  for (const name of ['mcp-method', 'mcp-name']) {
    expect(() => refuseMirrored({ [name]: '' })).toThrow(
      expect.objectContaining({ code: 'header_mismatch' }),
    )
  }
})
