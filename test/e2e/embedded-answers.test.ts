import { describe, expect, test } from 'vitest'
import { logged, script, sentTo, startGoverned, type Governed } from '../support/governed.js'
import { mirrored, modern } from '../support/modern.js'
import { closedAfterEach } from '../support/opened.js'
import { echo } from '../support/upstream.js'

const keep = closedAfterEach()
const governed = async (env = {}, policy?: string): Promise<Governed> =>
  keep(await startGoverned(echo, env, policy))

const accepted = '{"action":"accept","content":{"name":"Eve","ssn":"1","n":9007199254740993}}'
const sampled = '{"role":"assistant","content":{"type":"text","text":"hello"},"model":"small"}'
const rooted = '{"roots":[{"uri":"file:///home"}]}'

/** A retry that brings these answers, byte for byte. */
const retry = (answers: string, method = 'tools/call'): string =>
  modern(method, { name: 'sign-up', taskId: 't', uri: 'file:///a' }).replace(
    '"params":{',
    `"params":{"inputResponses":${answers},"requestState":"s",`,
  )
const all = retry(`{"a":${accepted}, "b":${sampled},"c":${rooted}}`)
const denial = { allow: false, reason: 'not_for_them' }

describe('the answers that a call brings along', () => {
  test('pass byte for byte where policy allows them, each judged as an answer to what it answers', async () => {
    const { gateway, upstream } = await governed()
    await gateway.post(all, mirrored('tools/call', 'sign-up'))
    expect(sentTo(upstream)).toEqual([all])
    const lines = await logged(gateway, 'decision', 5)
    expect(lines.slice(0, 4)).toMatchObject([
      { kind: 'tools/call', hook: 'pre' },
      { kind: 'elicitation/create', hook: 'post', direction: 'to_server' },
      { kind: 'sampling/createMessage', hook: 'post', direction: 'to_server' },
      { kind: 'roots/list', hook: 'post', direction: 'to_server' },
    ])
    expect(new Set(lines.map(({ call_id }) => call_id)).size).toBe(1)
    expect(new Set(lines.map(({ payload_digest }) => payload_digest)).size).toBe(4)
  })

  test.each(['tools/call', 'prompts/get', 'resources/read', 'tasks/update'])(
    'refuse the whole %s where one is refused, and the server hears nothing',
    async (method) => {
      const { gateway, upstream } = await governed()
      const headers = script({ post: { 'sampling/createMessage': denial } })
      const told = await gateway.post(retry(`{"a":${rooted},"b":${sampled}}`, method), headers)
      expect(told.status).toBe(403)
      expect(await told.json()).toMatchObject({
        error: { message: 'policy_deny', data: { reason: 'not_for_them', forwarded: false } },
      })
      expect(sentTo(upstream)).toEqual([])
    },
  )

  test('are judged where the call has no id, too', async () => {
    const { gateway, upstream } = await governed()
    const told = retry(`{"b":${sampled}}`).replace('"id":1,', '')
    await gateway.post(told, script({ post: { 'sampling/createMessage': denial } }))
    expect(sentTo(upstream)).toEqual([])
    await gateway.post(told)
    expect(sentTo(upstream)).toEqual([told])
  })

  test('are changed where they stand', async () => {
    const { gateway, upstream } = await governed()
    const patch = { response: { model: 'hidden' } }
    await gateway.post(
      all,
      script({
        post: {
          'elicitation/create': { allow: true, mask_fields: ['ssn'] },
          'sampling/createMessage': { allow: true, patch },
        },
      }),
    )
    expect(sentTo(upstream)).toEqual([
      all.replace('"ssn":"1"', '"ssn":"****"').replace('"model":"small"', '"model":"hidden"'),
    ])
  })

  test.each([
    ['of no known shape', '{"a":{"ok":true}}'],
    ['that could be two', '{"a":{"action":"accept","roots":[]}}'],
    ['that is an error', '{"a":{"code":-1,"message":"no"}}'],
    ['that is a list', '{"a":[{"action":"accept"}]}'],
    ['in a list', `[${accepted}]`],
    ['that is a text', '"accept"'],
  ])('are unsolicited: one %s', async (_what, answers) => {
    const { gateway, upstream } = await governed()
    const told = await gateway.post(retry(answers), script({ post: { unsolicited: denial } }))
    expect(told.status).toBe(403)
    expect(sentTo(upstream)).toEqual([])
  })

  test('may not be more than anybody was asked for', async () => {
    const { gateway, upstream } = await governed()
    const answers = Array.from({ length: 257 }, (_, index) => `"${index}":${rooted}`)
    const told = await gateway.post(retry(`{${answers.join(',')}}`))
    expect([told.status, sentTo(upstream)]).toEqual([400, []])
  })

  test('are only put on record where the mode refuses nothing', async () => {
    const { gateway, upstream } = await governed({ POLICY_MODE: 'audit-only' })
    await gateway.post(all, script({ post: { 'roots/list': denial } }))
    expect(sentTo(upstream)).toEqual([all])
    const lines = await logged(gateway, 'decision', 5)
    expect(lines.find(({ kind }) => kind === 'roots/list')).toMatchObject({ would_deny: true })
  })

  test('go on unread where policy has no post-hook', async () => {
    const { gateway, upstream } = await governed({}, 'scripted-pre')
    await gateway.post(all)
    expect(sentTo(upstream)).toEqual([all])
    expect(await logged(gateway, 'decision')).toHaveLength(1)
  })
})
