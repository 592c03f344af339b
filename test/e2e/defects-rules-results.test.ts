import { afterEach, describe, expect, test } from 'vitest'
import { connectClient } from '../support/client.js'
import { toolCall } from '../support/gateway.js'
import { withClaims } from '../policies/rules-gateway.js'
import { createRuledScenes, hr } from '../policies/ruled-scenes.js'

// What systems of this kind are known to have got wrong, each as a rule that must not.

const { ruled, close } = createRuledScenes()
afterEach(close)

const reading = toolCall('employee_data', { id: 7 })

describe('conditions of output rules', () => {
  const rules = `
tool:
  name: employee_data
  policies:
    output:
      - { condition: "response.structuredContent.status == 'secret'", action: filter_fields, fields: [status] }
      - { condition: "response.structuredContent.status == 'secret'", action: mask_fields, fields: [name], mask: hidden }
      - { condition: "response.structuredContent.name == 'hidden'", action: deny, reason: it read the mask }
`
  const ordered = rules.trim().split('\n')
  const shuffled = [...ordered.slice(0, 4), ...ordered.slice(4).reverse()].join('\n')

  test.each([
    ['as they stand', rules],
    ['in another order', shuffled],
  ])('all read the response as the server gave it (%s)', async (_order, texts) => {
    const scene = await ruled(texts, {
      result: '{"structuredContent":{"status":"secret","name":"Ann","id":7}}',
    })
    const reply = await scene.gateway.post(reading, hr)
    expect(await reply.text()).toBe(
      '{"jsonrpc":"2.0","id":1,"result":{"structuredContent":{"name":"hidden","id":7}}}',
    )
  })
})

describe('redaction', () => {
  const rules = `
tool:
  name: employee_data
  policies:
    output:
      - { condition: "user.role != 'manager'", action: filter_fields, fields: [salary] }
      - { condition: "user.role != 'manager'", action: mask_fields, fields: ["account.number"], mask: { style: partial, keep: 2 } }
`
  const result =
    '{"content":[{"type":"text","text":"{ \\"id\\": 9007199254740993, \\"salary\\": 75000,\\n\\"account\\": {\\"number\\": \\"12345678\\"} }"}],' +
    '"structuredContent":{"id":9007199254740993, "salary":75000, "staff":[{"salary":1,"n":1.50},{"n":2e0,"account":{"number":"87654321"}}]}}'

  test('reaches nested places and texts, and leaves every other byte', async () => {
    const scene = await ruled(rules, { result })
    const reply = await scene.gateway.post(reading, hr)
    const text = await reply.text()
    expect(text).not.toMatch(/salary|75000|345678|876543/)
    const { content, structuredContent } = (JSON.parse(text) as { result: Shown }).result
    expect(content[0].text).toContain('"id": 9007199254740993')
    expect(JSON.parse(content[0].text)).toMatchObject({ account: { number: '******78' } })
    expect(structuredContent.staff[1]).toEqual({ n: 2, account: { number: '******21' } })
    expect(text).toContain('"structuredContent":{"id":9007199254740993')
    expect(text).toMatch(/"n":1\.50.*"n":2e0/)
  })

  test('changes nothing for those whom it is not about', async () => {
    const scene = await ruled(rules, { result })
    const manager = withClaims('max@example.org', { role: 'manager' })
    const reply = await scene.gateway.post(reading, manager)
    expect(await reply.text()).toBe(`{"jsonrpc":"2.0","id":1,"result":${result}}`)
  })

  test('is what a real client gets', async () => {
    const scene = await ruled(rules, { result })
    const client = await connectClient(scene.gateway.mcpUrl, hr)
    const given = await client.callTool({ name: 'employee_data', arguments: { id: 7 } })
    await client.close()
    expect(JSON.stringify(given)).not.toMatch(/salary|75000|345678/)
  })

  interface Shown {
    readonly content: readonly [{ readonly text: string }]
    readonly structuredContent: { readonly staff: readonly unknown[] }
  }
})
