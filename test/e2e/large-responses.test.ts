import { hash } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { toolCall } from '../support/gateway.js'
import { logged, startGoverned, type Governed } from '../support/governed.js'
import { json } from '../support/upstream.js'

const long = 'lorem ipsum '.repeat(250_000)
const secret = '078-05-1120'
const result = {
  content: [
    { type: 'text', text: long },
    { type: 'text', text: JSON.stringify({ ssn: secret, note: long.slice(0, 5000) }) },
    { type: 'image', data: 'aGVsbG8=', mimeType: 'image/png' },
  ],
  structuredContent: { ssn: secret, n: 1 },
}
const reply = `{"jsonrpc":"2.0","id":1,"result":${JSON.stringify(result)}}`
const call = toolCall('records.read', { id: 7 })

let governed: Governed
beforeAll(async () => {
  governed = await startGoverned(json(reply), {}, 'large')
})
afterAll(() => governed.close())

test('obligations reach the whole of a message of which policy saw a projection', async () => {
  expect(reply.length).toBeGreaterThan(3_000_000)
  const response = await governed.gateway.post(call)
  expect(response.status).toBe(200)
  const masked = reply
    .replace(`{\\"ssn\\":\\"${secret}\\"`, '{\\"ssn\\":\\"****\\"')
    .replace(`{"ssn":"${secret}"`, '{"ssn":"****"')
  expect(await response.text()).toBe(masked)
  expect(masked).not.toContain(secret)
})

test('policy is told what it does not see', async () => {
  await (await governed.gateway.post(call)).text()
  const lines = await logged(governed.gateway, 'decision')
  expect(lines.find(({ hook }) => hook === 'post')).toMatchObject({
    effect: 'allow',
    labels: {
      truncated: true,
      bytes: long.length,
      sha256: hash('sha256', long),
      image: hash('sha256', 'aGVsbG8='),
      id: 7,
    },
  })
})

test('a call that is too long is refused, as the setting has it', async () => {
  const response = await governed.gateway.post(
    toolCall('records.read', { text: long.slice(0, 1_500_000) }),
  )
  expect(response.status).toBe(403)
  expect(await response.json()).toMatchObject({
    error: { message: 'policy_error', data: { reason: 'policy_error: input_too_large' } },
  })
})
