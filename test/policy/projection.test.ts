import { hash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { inputAt, createCallDescriber } from '../../src/domain/policy-input.js'
import { projectDocument } from '../../src/policy/projection.js'
import { callOf, toolCall } from '../support/entries.js'
import { createRandom } from '../support/random.js'

const describeCall = createCallDescriber('all')

function omitted(text: string): object {
  return { omitted: true, bytes: Buffer.byteLength(text), sha256: hash('sha256', text) }
}

function projected(document: string, maxBytes: number): unknown {
  const text = projectDocument(Buffer.from(document), maxBytes)?.toString()
  return text === undefined ? undefined : JSON.parse(text)
}

function withResponse(response: unknown, call = toolCall()): string {
  const text = Buffer.from(JSON.stringify(response))
  const span = { start: 0, end: text.length }
  const moment = { hook: 'post', time: 0, response: { text, span, isError: false } } as const
  return inputAt(describeCall(call), moment).document.toString()
}

const long = (length: number): string => 'é"\n '.repeat(length / 5 + 1)

describe('a document that is too long', () => {
  test('is left alone where it is not', () => {
    const document = Buffer.from(withResponse({ text: long(5000), data: 'aGVsbG8=' }))
    expect(projectDocument(document, document.length)).toBe(document)
  })

  test('is given up where it has more texts than could be told of', () => {
    const document = withResponse({ items: Array.from({ length: 1000 }, () => ({ data: 'aGk=' })) })
    expect(projected(document, document.length - 1)).toBeUndefined()
  })

  test('is searched for data however its name and its base64 are spelled', () => {
    const text = 'QUJD/'.repeat(400)
    const response = `{"d\\u0061ta":"${text.replaceAll('/', '\\/')}","n\\u0061me":"${text}"}`
    const document = withResponse('response').replace(
      '"response":"response"',
      `"response":${response}`,
    )
    const shown = projected(document, 3200) as { readonly response: unknown }
    expect(shown.response).toEqual({ data: omitted(text), name: text })
  })

  test('says in place of long texts how long they are, and what', () => {
    const text = long(5000)
    const document = withResponse({ content: [{ type: 'text', text }], isError: false })
    const whole = JSON.parse(document) as object
    expect(projected(document, 2000)).toEqual({
      ...whole,
      truncated: true,
      response: { content: [{ type: 'text', text: omitted(text) }], isError: false },
    })
  })

  test('never shows the base64 of data and blob, however short', () => {
    const response = {
      content: [
        { type: 'image', data: 'aGVsbG8=', mimeType: 'image/png' },
        { type: 'resource', resource: { uri: 'a:b', blob: 'aGVsbG8_-w' } },
        { data: 'no base64', blob: '', structuredContent: { data: ['aGVsbG8='] } },
        { type: 'text', text: long(5000) },
      ],
    }
    expect(projected(withResponse(response), 2000)).toMatchObject({
      response: {
        content: [
          { type: 'image', data: omitted('aGVsbG8='), mimeType: 'image/png' },
          { resource: { uri: 'a:b', blob: omitted('aGVsbG8_-w') } },
          response.content[2],
          { text: omitted(long(5000)) },
        ],
      },
    })
  })

  test('leaves out no more than it has to', () => {
    const response = { a: long(5000), b: long(1500), c: long(300), d: long(200) }
    const document = withResponse(response)
    const size = Buffer.byteLength(document)
    const shown = (less: number) =>
      Object.entries((projected(document, size - less) as { response: object }).response)
        .filter(([, value]) => typeof value === 'string')
        .map(([key]) => key)
    expect(shown(1)).toEqual(['b', 'c', 'd'])
    expect(shown(7500)).toEqual(['c', 'd'])
    expect(shown(9100)).toEqual(['d'])
  })

  test('is given up where nothing that may go would do', () => {
    expect(projected(withResponse({ many: Array(1000).fill('short') }), 2000)).toBeUndefined()
    expect(projected(withResponse({ [long(5000)]: 1 }), 2000)).toBeUndefined()
    expect(projected(withResponse({ text: long(5000) }), 300)).toBeUndefined()
  })

  test('keeps who calls, what, and where', () => {
    const name = 'n'.repeat(5000)
    const principal = {
      ...toolCall().principal,
      id: 'u'.repeat(5000),
      claims: { data: 'aGVsbG8=' },
    }
    const call = callOf(
      JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: { name, arguments: { text: long(5000), args: { response: 'x'.repeat(5000) } } },
      }),
      { principal, headers: { 'x-long': 'h'.repeat(5000) } },
    )
    const document = withResponse({ tool: { name }, text: long(5000) }, call)
    expect(projected(document, document.length - 10_000)).toMatchObject({
      user: { id: principal.id, claims: { data: 'aGVsbG8=' } },
      headers: { 'x-long': 'h'.repeat(5000) },
      tool: { name, args: { text: omitted(long(5000)) } },
      response: { tool: { name: omitted(name) } },
      truncated: true,
    })
  })

  test('keeps a long uri, and shortens the params of other methods', () => {
    const uri = `file:///${'p'.repeat(5000)}`
    const read = callOf(
      JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'resources/read', params: { uri } }),
    )
    expect(projected(withResponse({ text: long(5000) }, read), 7000)).toMatchObject({
      resource: { uri },
      response: { text: omitted(long(5000)) },
    })
    const other = callOf(
      JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'x/y', params: { text: long(5000) } }),
    )
    expect(projected(withResponse({}, other), 2000)).toMatchObject({
      params: { text: omitted(long(5000)) },
    })
  })

  test('keeps the spelling of everything else', () => {
    const document = `{"kind":"x","response":{ "n" : 1e400, "big":12345678901234567890,"d\\u0061ta":"aGVs\\/bG8=","t":"${'\\u00e9'.repeat(2500)}" } ,"z":1.50}`
    const text = 'é'.repeat(2500)
    const data = JSON.stringify(omitted('aGVs/bG8='))
    expect(projectDocument(Buffer.from(document), 500)?.toString()).toBe(
      `{"kind":"x","response":{ "n" : 1e400, "big":12345678901234567890,"d\\u0061ta":${data},"t":${JSON.stringify(omitted(text))} } ,"z":1.50,"truncated":true}`,
    )
  })

  test('is JSON that fits, whatever it was', () => {
    const random = createRandom(7)
    let fitting = 0
    for (let round = 0; round < 500; round += 1) {
      const value = (depth: number): unknown => {
        switch (random.below(depth === 0 ? 3 : 5)) {
          case 0:
            return long(random.below(6000))
          case 1:
            return 'QUJD'.repeat(random.below(500))
          case 2:
            return random.below(100)
          case 3:
            return Array.from({ length: random.below(4) }, () => value(depth - 1))
          default:
            return Object.fromEntries(
              ['data', 'blob', 'text', 'args', 'response', '}"{'].map((key) => [
                key,
                value(depth - 1),
              ]),
            )
        }
      }
      const document = withResponse(value(2))
      const maxBytes = 1000 + random.below(document.length)
      const left = projectDocument(Buffer.from(document), maxBytes)
      if (left === undefined) continue
      fitting += 1
      expect(left.length).toBeLessThanOrEqual(maxBytes)
      const before = JSON.parse(document) as { response: unknown }
      const after = JSON.parse(left.toString()) as { response: unknown; truncated?: true }
      if (document.length > maxBytes) expect(after.truncated).toBe(true)
      expect(restored(after.response, before.response)).toEqual(before.response)
    }
    expect(fitting).toBeGreaterThan(100)
  })

  test('of any depth is walked', () => {
    const deep = `{"response":${'[{"a":'.repeat(5000)}"${'x'.repeat(300)}"${'}]'.repeat(5000)}}`
    expect(projectDocument(Buffer.from(deep), deep.length - 50)?.toString()).toContain('"omitted"')
  })
})

/** Puts the texts back, after a look at what stood in for them. */
function restored(value: unknown, original: unknown): unknown {
  if (typeof original === 'string' && typeof value === 'object') {
    expect(value).toEqual(omitted(original))
    return original
  }
  if (Array.isArray(value))
    return value.map((item, at) => restored(item, (original as unknown[])[at]))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      restored(item, (original as Record<string, unknown>)[key]),
    ]),
  )
}
