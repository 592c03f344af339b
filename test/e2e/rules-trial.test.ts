import { describe, expect, test } from 'vitest'
import { as, toolCall } from '../support/gateway.js'
import { logged } from '../support/governed.js'
import { closedAfterEach } from '../support/opened.js'
import { startRuled } from '../support/ruled.js'
import { json, startRawUpstream, type Answerer } from '../support/upstream.js'

const keep = closedAfterEach()

const rules = `
rules:
  - { id: told, mode: warn, match: { tool: pay }, effect: deny, reason: too_much }
  - { id: told-later, mode: warn, match: { tool: pay, hook: post }, effect: deny, reason: too_late }
  - { id: silent, mode: audit-only, match: { tool: pay }, effect: deny, reason: nobody_hears }
  - { id: dry, mode: warn, match: { tool: plan }, effect: dry_run }
  - { id: hidden, mode: warn, match: { tool: pay }, effect: filter_fields, fields: [secret] }
  - { id: real, match: { tool: plan }, when: "$strict", effect: dry_run, reason: rehearsal }
`

const result =
  '{"id":1,"result":{"n":9007199254740993, "secret":1.0},"more":[1E2],"jsonrpc":"2.0"} '
const told = (...warnings: string[]): string =>
  result.replace('1.0}', `1.0,"_meta":{"portcullis/warnings":${JSON.stringify(warnings)}}}`)

async function ruled(env: Record<string, string> = {}, answer: Answerer = json(result)) {
  const upstream = keep(await startRawUpstream(answer))
  return keep(await startRuled(upstream.url, rules, env))
}

describe('a rule on trial while others enforce', () => {
  test('tells the caller at both hooks, and changes nothing else', async () => {
    const gateway = await ruled()
    const answer = await gateway.post(toolCall('pay'), as('alice', 'dev'))
    expect([answer.status, await answer.text()]).toEqual([
      200,
      told('would_deny: too_much', 'would_deny: too_late'),
    ])
    const [before, after] = await logged(gateway, 'decision', 2)
    expect(before).toMatchObject({
      effect: 'allow',
      would_deny: true,
      trial: expect.arrayContaining([
        { rule: 'told', effect: 'deny', reason: 'too_much' },
        { rule: 'silent', effect: 'deny', reason: 'nobody_hears' },
      ]) as unknown,
    })
    expect(after).toMatchObject({ hook: 'post', would_deny: true })
  })

  test('tells it on an event stream', async () => {
    const gateway = await ruled({}, (_received, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.end(`data: ${result}\n\n`)
    })
    expect(await (await gateway.post(toolCall('pay'))).text()).toBe(
      `data: ${told('would_deny: too_much', 'would_deny: too_late')}\n\n`,
    )
  })

  test('names itself where it gives no reason', async () => {
    const gateway = await ruled()
    const answer = await gateway.post(toolCall('plan', { strict: false }))
    expect(await answer.text()).toBe(told('would_dry_run: dry'))
  })

  test('tells it beside a dry run, too', async () => {
    const gateway = await ruled()
    const answer = await (await gateway.post(toolCall('plan', { strict: true }))).json()
    expect(answer).toMatchObject({
      result: {
        _meta: {
          'portcullis/warnings': ['would_dry_run: dry'],
          'portcullis/dry_run': { reason: 'rehearsal' },
        },
      },
    })
  })

  test('says nothing of tools that it is not about, whose replies are piped', async () => {
    const gateway = await ruled()
    expect(await (await gateway.post(toolCall('other'))).text()).toBe(result)
    const lines = await logged(gateway, 'decision')
    await logged(gateway, 'outcome')
    expect(lines).toHaveLength(1)
  })

  test('leaves an error of the server as it is', async () => {
    const error = '{"id":1,"error":{"code":-32000,"message":"no"},"jsonrpc":"2.0"}'
    const gateway = await ruled({}, json(error))
    expect(await (await gateway.post(toolCall('pay'))).text()).toBe(error)
  })
})

test('in audit-only mode nobody is told anything', async () => {
  const gateway = await ruled({ POLICY_MODE: 'audit-only' })
  expect(await (await gateway.post(toolCall('pay'))).text()).toBe(result)
  expect(await (await gateway.post(toolCall('plan', { strict: true }))).text()).toBe(result)
})

test('in warn mode a rule that only warns is told of like the others', async () => {
  const gateway = await ruled({ POLICY_MODE: 'warn' })
  expect(await (await gateway.post(toolCall('plan', { strict: true }))).text()).toBe(
    told('would_dry_run: rehearsal', 'would_dry_run: dry'),
  )
})
