import { hash } from 'node:crypto'
import { expect, test } from 'vitest'
import { createArgsRecord } from '../../src/decision-log/args.js'
import { createLines } from '../../src/decision-log/lines.js'
import type { Entry } from '../../src/domain/entry.js'
import { callOf, decisionEntry, deny, toolCall } from '../support/entries.js'

const sha256 = (text: string): string => hash('sha256', text, 'hex')

function lineOf(entry: Entry): Record<string, unknown> {
  const text = createLines(createArgsRecord('digest', []), () => 'write')(entry, 1)
  expect(text.length).toBeLessThan(10_000)
  return JSON.parse(text) as Record<string, unknown>
}

test('cuts long texts at 1,024 characters, and digests them in full', () => {
  const long = 'm'.repeat(2_000_000)
  const cut = `${'m'.repeat(1023)}…`
  const { principal } = toolCall()
  const call = callOf(
    `{"jsonrpc":"2.0","id":"${long}","method":"tools/call","params":{"name":"${long}"}}`,
    {
      principal: { ...principal, id: long, roles: [long] },
      session: { id: long, upstreamId: 'u' },
    },
  )
  const line = lineOf(decisionEntry({ call, decision: { ...deny, reason: long } }))
  expect(line).toMatchObject({
    request_id: cut,
    target: { type: 'tool', name: cut },
    principal: { id: cut, roles: [cut] },
    session: cut,
    reason: cut,
    request_fingerprint: sha256(
      JSON.stringify([long, '', 'weather', 'tools/call', 'tool', long, sha256('{}')]),
    ),
  })
  const other = callOf(`{"jsonrpc":"2.0","id":1,"method":"${long}"}`)
  expect(lineOf(decisionEntry({ call: other }))['kind']).toBe(cut)
  const exact = 'm'.repeat(1024)
  const fitting = callOf(`{"jsonrpc":"2.0","id":"${exact}","method":"ping"}`)
  expect(lineOf(decisionEntry({ call: fitting }))['request_id']).toBe(exact)
})

test('a number of a request id that is too long is a text that is cut', () => {
  const call = callOf(`{"jsonrpc":"2.0","id":${'1'.repeat(5000)},"method":"ping"}`)
  const line = lineOf(decisionEntry({ call }))
  expect(line['request_id']).toBe(`${'1'.repeat(1023)}…`)
})

test('a cut within a surrogate pair leaves valid text', () => {
  const call = callOf(`{"jsonrpc":"2.0","id":1,"method":"${'m'.repeat(1022)}😀${'m'.repeat(9)}"}`)
  expect(lineOf(decisionEntry({ call }))['kind']).toBe(`${'m'.repeat(1022)}\ufffd…`)
})
