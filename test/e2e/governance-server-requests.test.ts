import { describe, expect, test } from 'vitest'
import { event } from '../support/event-server.js'
import { mcpHeaders } from '../support/gateway.js'
import { logged, script } from '../support/governed.js'
import { closedAfterEach } from '../support/opened.js'
import { elicitation, note, openScene, session, type Scene } from '../support/stream-scene.js'

const keep = closedAfterEach()
const scene = async (...args: Parameters<typeof openScene>): Promise<Scene> =>
  keep(await openScene(...args))

const result = '{"jsonrpc":"2.0","id":1,"result":{"n":9007199254740993,"secret":1.0,"content":[]}}'
const sampling =
  '{"jsonrpc":"2.0","id":17,"method":"sampling/createMessage","params":{"messages":[],"maxTokens":9}}'
const noted = { method: 'notifications/message' }
const denial = { allow: false, reason: 'not_now' }

describe('a request of the server to its client', () => {
  test.each(['call', 'listen'] as const)(
    'that policy allows reaches the client on the stream of a %s as it was sent, and its answer comes back',
    async (way) => {
      const parts = await scene()
      const { send, client } = await parts[way]()
      send(event(elicitation))
      expect(await client.next()).toBe(event(elicitation))
      const answer = '{"jsonrpc":"2.0","id":"e1","result":{"action":"accept","content":{"n":1.0}}}'
      expect((await parts.reply(answer)).status).toBe(202)
      expect((await parts.answered()).body.toString()).toBe(answer)
      const lines = await logged(parts.gateway, 'decision', way === 'call' ? 3 : 2)
      expect(lines.slice(-2)).toMatchObject([
        { kind: 'elicitation/create', hook: 'pre', direction: 'to_client', effect: 'allow' },
        { kind: 'elicitation/create', hook: 'post', direction: 'to_server', effect: 'allow' },
      ])
    },
  )

  test('may be changed on its way', async () => {
    const { call } = await scene()
    const patch = [{ op: 'replace', path: '/params/message', value: 'Nickname?' }]
    const { send, client } = await call(
      script({ pre: { 'elicitation/create': { allow: true, patch } } }),
    )
    send(event(elicitation))
    expect(await client.next()).toBe(event(elicitation.replace('Name?', 'Nickname?')))
  })

  test.each<['call' | 'listen', string, string, unknown]>([
    ['call', 'elicitation/create', elicitation, { id: 'e1', result: { action: 'decline' } }],
    ['listen', 'elicitation/create', elicitation, { id: 'e1', result: { action: 'decline' } }],
    ['call', 'sampling/createMessage', sampling, { id: 17, error: { code: -1 } }],
    ['listen', 'sampling/createMessage', sampling, { id: 17, error: { code: -1 } }],
  ])(
    'that policy refuses on the stream of a %s is answered for the client (%s)',
    async (way, kind, request, answer) => {
      const parts = await scene()
      const { send, client } = await parts[way]({
        ...script({ pre: { [kind]: denial } }),
        'mcp-protocol-version': '2025-11-25',
        ...(way === 'call'
          ? { 'mcp-method': 'tools/call', 'mcp-name': 'slow' }
          : { 'last-event-id': '5' }),
      })
      send(event(request))
      const { json, headers } = await parts.answered()
      expect(json).toMatchObject({ jsonrpc: '2.0', ...(answer as object) })
      expect(headers).toMatchObject({
        'mcp-session-id': 's-1',
        'mcp-protocol-version': '2025-11-25',
        'content-type': 'application/json',
        accept: mcpHeaders.accept,
      })
      for (const name of ['mcp-method', 'mcp-name', 'last-event-id']) {
        expect(headers).not.toHaveProperty(name)
      }
      send(event(note('1')))
      expect(await client.message()).toMatchObject(noted)
    },
  )

  test('that cannot be read is declined, and the stream goes on', async () => {
    const { call, answered, gateway } = await scene()
    const { send, client } = await call()
    send(event('{"jsonrpc":"2.0","id":8,"method":"tools/call","params":{}}'))
    expect((await answered()).json).toMatchObject({ id: 8, error: {} })
    send(event(result))
    expect(await client.message()).toMatchObject({ id: 1, result: {} })
    expect((await logged(gateway, 'decision', 2))[1]).toMatchObject({
      kind: 'tools/call',
      direction: 'to_client',
      code: 'policy_error',
    })
  })

  test('is judged where the policy has no mcp/post, and nothing else on the stream is', async () => {
    const { listen, answered, gateway } = await scene({}, 'undefined')
    const { send, client } = await listen()
    send(event(note('1.0')))
    expect(await client.next()).toBe(event(note('1.0')))
    send(event(elicitation))
    expect((await answered()).json).toMatchObject({ id: 'e1', result: { action: 'decline' } })
    send(event(note('2')))
    expect(await client.next()).toBe(event(note('2')))
    expect(await logged(gateway, 'decision')).toHaveLength(1)
  })
})

describe('an answer of the client', () => {
  const answer = '{"jsonrpc":"2.0","id":"e1","result":{"action":"accept","content":{"ssn":"1"}}}'

  test('that policy refuses reaches the server as a decline', async () => {
    const { call, reply, answered } = await scene()
    const { send, client } = await call()
    send(event(elicitation))
    await client.next()
    const headers = script({ post: { 'elicitation/create': denial } })
    expect((await reply(answer, headers)).status).toBe(202)
    const { json, headers: sent } = await answered()
    expect(json).toEqual({ jsonrpc: '2.0', id: 'e1', result: { action: 'decline' } })
    expect(Number(sent['content-length'])).toBe(JSON.stringify(json).length)
  })

  test('is changed where policy says so', async () => {
    const { call, reply, answered } = await scene()
    const { send, client } = await call()
    send(event(elicitation))
    await client.next()
    const masking = { allow: true, mask_fields: ['ssn'] }
    await reply(answer, script({ post: { 'elicitation/create': masking } }))
    expect((await answered()).body.toString()).toBe(answer.replace('"1"', '"****"'))
  })

  test('is an error where the request was no elicitation', async () => {
    const { call, reply, answered } = await scene()
    const { send, client } = await call()
    send(event(sampling))
    await client.next()
    const text = '{"jsonrpc":"2.0","id":17,"result":{"role":"assistant"}}'
    await reply(text, script({ post: { 'sampling/createMessage': denial } }))
    expect((await answered()).json).toMatchObject({ id: 17, error: { code: -1 } })
  })

  test.each([
    ['that nobody asked for', answer, session],
    ['in another session', answer, { 'mcp-session-id': 's-2' }],
    ['without a session', answer, { 'mcp-session-id': '' }],
  ])('%s is judged as unsolicited', async (_what, text, headers) => {
    const { call, reply, answered, gateway } = await scene()
    if (headers !== session) {
      const { send, client } = await call()
      send(event(elicitation))
      await client.next()
    }
    await reply(text, { ...headers, ...script({ post: { unsolicited: denial } }) })
    expect((await answered()).json).toMatchObject({ id: 'e1', error: { code: -1 } })
    expect((await logged(gateway, 'decision')).at(-1)).toMatchObject({
      kind: 'unsolicited',
      hook: 'post',
      effect: 'deny',
    })
  })

  test('counts once: the second is unsolicited', async () => {
    const { call, reply, answered, gateway } = await scene()
    const { send, client } = await call()
    send(event(elicitation))
    await client.next()
    await reply(answer)
    await reply(answer)
    await Promise.all([answered(), answered()])
    const kinds = (await logged(gateway, 'decision', 4)).map(({ kind }) => kind)
    expect(kinds.slice(-2)).toEqual(['elicitation/create', 'unsolicited'])
  })

  test.each([
    ['"e\\u0031"', '"e1"'],
    ['7.0', '7'],
    ['9007199254740993', '9007199254740992'],
  ])(
    'belongs to its request even where the id was spelled %s and comes back as %s',
    async (asked, told) => {
      const { call, reply, answered, gateway } = await scene()
      const { send, client } = await call()
      send(event(elicitation.replace('"e1"', asked)))
      await client.next()
      await reply(answer.replace('"e1"', told))
      await answered()
      expect((await logged(gateway, 'decision', 3)).at(-1)).toMatchObject({
        kind: 'elicitation/create',
      })
    },
  )
})
