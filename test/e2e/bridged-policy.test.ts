import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readEvents } from '../support/event-server.js'
import { mcpHeaders } from '../support/gateway.js'
import { bundleOf, script } from '../support/governed.js'
import { mirrored, modern } from '../support/modern.js'
import { legacyClient, rough, startRough, type RoughScene } from '../support/rough.js'

let scene: RoughScene

beforeAll(async () => {
  const policy = { POLICY_MODE: 'enforce', POLICY_BUNDLE_PATH: bundleOf('scripted') }
  scene = await startRough({ old: rough('legacy'), young: rough('modern') }, policy)
})

afterAll(async () => {
  await scene.close()
})

const refusing = script({
  post: { 'elicitation/create': { allow: false, reason: 'no_such_answer' } },
})

interface Answer {
  readonly result?: Record<string, unknown>
  readonly error?: { readonly code: number; readonly data?: { readonly reason?: string } }
}

describe('a modern client of a server that speaks the older era', () => {
  const post = async (
    method: string,
    params: object,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; answer: Answer }> => {
    const name = 'name' in params ? String(params.name) : undefined
    const reply = await fetch(scene.urlOf('old'), {
      method: 'POST',
      headers: { ...mcpHeaders, ...mirrored(method, name), ...headers },
      body: modern(method, params),
    })
    return { status: reply.status, answer: (await reply.json()) as Answer }
  }
  const accepted = { action: 'accept', content: { name: 'Eve' } }

  test('has its answer judged before the server gets it', async () => {
    const call = { name: 'ask', arguments: {} }
    const first = await post('tools/call', call)
    const requestState = first.answer.result?.['requestState']
    expect(first.answer.result).toMatchObject({ resultType: 'input_required' })
    const retry = { ...call, requestState, inputResponses: { 'request-1': accepted } }
    const refused = await post('tools/call', retry, refusing)
    expect(refused.status).toBe(403)
    expect(refused.answer.error?.data?.reason).toBe('no_such_answer')
    const given = await post('tools/call', retry)
    expect(JSON.stringify(given.answer.result)).toContain('Eve')
  })

  test('is not asked what policy does not let the server ask', async () => {
    const silenced = script({ pre: { 'elicitation/create': { allow: false, reason: 'mute' } } })
    const { answer } = await post('tools/call', { name: 'ask', arguments: {} }, silenced)
    expect(answer.result).toBeUndefined()
    expect(answer.error).toBeDefined()
  })

  test('never subscribes to a resource that it may not read', async () => {
    const listen = async (uri: string, headers: Record<string, string>) => {
      const reply = await fetch(scene.urlOf('old'), {
        method: 'POST',
        headers: { ...mcpHeaders, ...mirrored('subscriptions/listen'), ...headers },
        body: modern('subscriptions/listen', {
          notifications: { resourceSubscriptions: [uri] },
        }),
      })
      const events = readEvents(reply)
      const acknowledged = await events.message()
      await events.cancel()
      return acknowledged
    }
    const unreadable = script({ pre: { 'resources/read': { allow: false, reason: 'secret' } } })
    expect(JSON.stringify(await listen('test://secret', unreadable))).not.toContain('secret')
    expect(JSON.stringify(await listen('test://open', {}))).toContain('test://open')
    await scene.said('old', 'subscribed test://open')
    const said = scene.gateway.operatorLog.map(({ line }) => String(line))
    expect(said.filter((line) => line.startsWith('subscribed'))).toEqual(['subscribed test://open'])
  })

  test('cannot have one request become any number at the server', async () => {
    const uris = Array.from({ length: 5_000 }, (_none, place) => `test://${place}`)
    const { answer } = await post('subscriptions/listen', {
      notifications: { resourceSubscriptions: uris },
    })
    expect(answer.error).toBeDefined()
  })
})

describe('a legacy client of a modern server', () => {
  test('has its answer judged before the server gets it', async () => {
    const client = await legacyClient(scene.urlOf('young'))
    const answerTo = async (headers: Record<string, string>): Promise<string> => {
      const events = readEvents(await client.begin('askModern'))
      const asked = (await events.message()) as { id: string; method: string }
      expect(asked.method).toBe('elicitation/create')
      const answer = { action: 'accept', content: { name: 'Eve' } }
      const text = JSON.stringify({ jsonrpc: '2.0', id: asked.id, result: answer })
      expect((await client.post(text, headers)).status).toBe(202)
      return JSON.stringify(await events.message())
    }
    expect(await answerTo(refusing)).not.toContain('Eve')
    expect(await answerTo({})).toContain('Eve')
  })

  test('never subscribes to a resource that it may not read', async () => {
    const client = await legacyClient(scene.urlOf('young'))
    const unreadable = script({ pre: { 'resources/read': { allow: false, reason: 'secret' } } })
    const subscribe = (uri: string, headers: Record<string, string>) =>
      client.post(
        JSON.stringify({ jsonrpc: '2.0', id: 5, method: 'resources/subscribe', params: { uri } }),
        headers,
      )
    const stream = await client.neglect()
    expect((await subscribe('test://secret', unreadable)).status).toBe(403)
    expect((await subscribe('test://open', {})).status).toBe(200)
    await scene.said('young', 'listening {"resourceSubscriptions":["test://open"]}')
    stream.destroy()
  })
})
