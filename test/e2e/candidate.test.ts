import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { toolCall, type LogLine, type TestGateway } from '../support/gateway.js'
import { bundleOf, logged, script, startGoverned, type Governed } from '../support/governed.js'
import { echo, json, type Answerer } from '../support/upstream.js'

const open: Governed[] = []
let answer: Answerer = echo
/** Two that are used again and again: the second has no say in what comes back. */
let shared: { readonly both: TestGateway; readonly preOnly: TestGateway }

beforeAll(async () => {
  const answering: Answerer = (received, response) => answer(received, response)
  const [both, preOnly] = await Promise.all([
    onTrial(answering),
    onTrial(answering, {}, 'scripted-pre'),
  ])
  shared = { both: both.gateway, preOnly: preOnly.gateway }
})
afterAll(async () => {
  for (const part of open) await part.close()
})

/** A gateway with the bundle `candidate` on trial, which decides what headers of its own say. */
async function onTrial(
  answerer: Answerer,
  env: Record<string, string> = {},
  policy = 'scripted',
): Promise<Governed> {
  const candidate = { POLICY_CANDIDATE_PATH: bundleOf('candidate'), ...env }
  const started = await startGoverned(answerer, candidate, policy)
  open.push(started)
  return started
}

type ByHook = { readonly pre?: unknown; readonly post?: unknown; readonly list?: readonly string[] }

/** What the candidate is to decide of calls of tools. */
function trial({ pre, post, list }: ByHook, kind = 'tools/call'): Record<string, string> {
  return {
    ...(pre === undefined ? {} : { 'x-candidate-pre': JSON.stringify({ [kind]: pre }) }),
    ...(post === undefined ? {} : { 'x-candidate-post': JSON.stringify({ [kind]: post }) }),
    ...(list === undefined ? {} : { 'x-candidate-list': JSON.stringify(list) }),
  }
}

const call = toolCall('weather.get', { city: 'Berlin' })
const before = (decision: unknown) => script({ pre: { 'tools/call': decision } })
const after = (decision: unknown) => script({ post: { 'tools/call': decision } })

async function count(gateway: TestGateway, name: string): Promise<number> {
  const text = await (await fetch(`${gateway.opsUrl}/metrics`)).text()
  const lines = text.split('\n').filter((line) => line.startsWith(name))
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
}

/** What the candidate has judged and put on record while `doing`, once it has judged so many messages. */
async function judging(
  gateway: TestGateway,
  messages: number,
  doing: () => Promise<unknown>,
): Promise<LogLine[]> {
  const name = 'portcullis_candidate_judged_total'
  const judged = await count(gateway, name)
  const onRecord = (await disagreements(gateway)).length
  await doing()
  await vi.waitFor(async () => expect(await count(gateway, name)).toBe(judged + messages), {
    interval: 10,
    timeout: 5000,
  })
  return (await disagreements(gateway)).slice(onRecord)
}

async function disagreements(gateway: TestGateway): Promise<LogLine[]> {
  return (await gateway.decisions()).filter(({ type }) => type === 'candidate')
}

async function exchange(
  gateway: TestGateway,
  body: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; text: string }> {
  const response = await gateway.post(body, headers)
  return { status: response.status, text: await response.text() }
}

const deny = { allow: false, reason: 'no', rule: 'r' }

describe('a candidate that would decide otherwise is on record, and nothing else is changed', () => {
  test.each([
    ['allow_to_deny', true, deny],
    ['deny_to_allow', deny, true],
    ['effect', { effect: 'ask', reason: 'big' }, deny],
    ['effect', true, { effect: 'dry_run' }],
    ['obligations', { allow: true, patch: { args: { units: 'metric' } } }, true],
    ['obligations', deny, { ...deny, reason: 'never' }],
    ['error', true, { allow: 'perhaps' }],
    ['error', true, 'run away'],
  ])('%s before a call', async (change, decision, other) => {
    answer = echo
    const { both: gateway } = shared
    const series = `portcullis_candidate_disagreements_total{hook="pre",change="${change}"}`
    const counted = await count(gateway, series)
    const send = (pre: unknown) =>
      exchange(gateway, call, { ...before(decision), ...trial({ pre }) })

    let alike = { status: 0, text: '' }
    const isAnswered = decision === true || 'patch' in (decision as object)
    const messages = isAnswered ? 2 : 1
    const none = await judging(gateway, messages, async () => (alike = await send(decision)))
    expect(none).toEqual([])

    let answered = alike
    const lines = await judging(gateway, messages, async () => (answered = await send(other)))
    expect(answered.status).toBe(alike.status)
    expect(withoutOwn(answered.text)).toBe(withoutOwn(alike.text))
    const stood = (await gateway.decisions()).find(
      ({ type, call_id, hook }) =>
        type === 'decision' && call_id === lines[0]?.['call_id'] && hook === 'pre',
    )
    expect(lines).toMatchObject([
      {
        change,
        hook: 'pre',
        kind: 'tools/call',
        server: 'default',
        target: { type: 'tool', name: 'weather.get' },
        decision_id: stood?.['decision_id'],
        effect: stood?.['effect'],
        revision: 'scripted-1',
        candidate: { revision: 'candidate-1' },
      },
    ])
    expect(await count(gateway, series)).toBe(counted + 1)
  })

  test('after a call, of what the upstream answered and not of what the caller was shown', async () => {
    answer = json('{"jsonrpc":"2.0","id":1,"result":{"bait":1,"structuredContent":{"ssn":1}}}')
    const lines = await judging(shared.both, 2, async () => {
      const { text } = await exchange(
        shared.both,
        call,
        after({ allow: true, filter_fields: ['bait'] }),
      )
      expect(text).not.toContain('bait')
    })
    expect(lines).toMatchObject([
      {
        change: 'allow_to_deny',
        hook: 'post',
        effect: 'allow',
        obligations: ['filter bait'],
        candidate: { effect: 'deny', reason: 'baited' },
      },
    ])
  })

  test('only after the call was answered', async () => {
    answer = echo
    const [line] = await judging(shared.both, 2, () =>
      exchange(shared.both, call, trial({ pre: deny })),
    )
    const lines = await logged(shared.both, 'outcome')
    const outcome = lines.find(({ call_id }) => call_id === line?.['call_id'])
    expect(Number(line?.['seq'])).toBeGreaterThan(Number(outcome?.['seq']))
  })

  test('and not at all where policy is off', async () => {
    const { gateway } = await onTrial(echo, { POLICY_MODE: 'off' })
    await exchange(gateway, call, trial({ pre: deny }))
    expect(await count(gateway, 'portcullis_candidate_judged_total')).toBe(0)
  })
})

describe('what the policy in force has no say in is shown to the candidate as it came', () => {
  const reply = '{"jsonrpc":"2.0","id":1,"result":{"n":1E400,"bait":true}} '
  const stream: Answerer = (_received, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(
      'data: {"jsonrpc":"2.0","method":"notifications/message","params":{"bait":1}}\n\n',
    )
    response.end(`data: ${reply}\n\n`)
  }

  test('a reply that is not read', async () => {
    answer = json(reply)
    const lines = await judging(shared.preOnly, 2, async () => {
      expect(await exchange(shared.preOnly, call)).toEqual({ status: 200, text: reply })
    })
    expect(lines).toMatchObject([
      { change: 'allow_to_deny', hook: 'post', effect: 'allow', engine: 'none' },
    ])
  })

  test('the messages of a stream', async () => {
    answer = stream
    const lines = await judging(shared.preOnly, 3, async () => {
      expect((await exchange(shared.preOnly, call)).text).toContain(reply)
    })
    expect(lines).toMatchObject([
      { kind: 'notifications/message', hook: 'post', change: 'allow_to_deny' },
      { kind: 'tools/call', hook: 'post', change: 'allow_to_deny' },
    ])
  })

  test('a list', async () => {
    const tools = '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"a"},{"name":"b"}]}}'
    answer = json(tools)
    const list = '{"jsonrpc":"2.0","id":1,"method":"tools/list"}'
    expect(await judging(shared.both, 3, () => exchange(shared.both, list))).toEqual([])
    const lines = await judging(shared.both, 3, async () => {
      expect((await exchange(shared.both, list, trial({ list: ['b'] }))).text).toBe(tools)
    })
    expect(lines).toMatchObject([{ hook: 'list', change: 'obligations', kind: 'tools/list' }])
  })

  test('all of a call that passes because no policy is there', async () => {
    const { gateway } = await onTrial(json(reply), {
      POLICY_MODE: 'audit-only',
      POLICY_BUNDLE_PATH: '/nonexistent/bundle.tar.gz',
    })
    const lines = await judging(gateway, 2, async () => {
      expect(await exchange(gateway, call, trial({ pre: deny }))).toEqual({
        status: 200,
        text: reply,
      })
    })
    expect(lines).toMatchObject([
      { hook: 'pre', change: 'allow_to_deny', effect: 'allow', revision: '' },
      { hook: 'post', change: 'allow_to_deny', effect: 'allow' },
    ])
  })

  test('but not one that is too long, which passes nevertheless', async () => {
    const long = `{"jsonrpc":"2.0","id":1,"result":{"bait":"${'x'.repeat(200_000)}"}}`
    const { gateway } = await onTrial(json(long), { MAX_MESSAGE_BYTES: '100000' }, 'scripted-pre')
    const lines = await judging(gateway, 1, async () => {
      expect((await exchange(gateway, call)).text).toBe(long)
    })
    expect(lines).toEqual([])
    expect(await count(gateway, 'portcullis_candidate_dropped_total{reason="too_large"}')).toBe(1)
  })
})

test('a caller gets the same bytes with and without a candidate', async () => {
  answer = ({ headers, ...received }, response) => {
    const { kind } = headers
    if (kind === 'broken') {
      response.writeHead(500, { 'content-type': 'text/html' }).end('<html>')
    } else if (kind === 'stream') {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'x-own': 'a' })
      response.end('id: 7\ndata: {"jsonrpc":"2.0","id":1,"result":{ "a" : 1.0 }}\n\n: end\n\n')
    } else return echo({ headers, ...received }, response)
  }
  const plain = await startGoverned((received, response) => answer(received, response))
  open.push(plain)
  const cases: Record<string, string>[] = [
    trial({ pre: deny, post: deny }),
    { ...before(deny), ...trial({ pre: true }) },
    { ...before({ effect: 'dry_run', patch: { args: { a: 1 } } }), ...trial({ pre: deny }) },
    { ...after({ allow: true, mask_fields: ['city'] }), ...trial({ post: { allow: 'what' } }) },
    { ...after(deny), ...trial({ pre: 'run away' }) },
    { kind: 'stream', ...trial({ post: deny }) },
    { kind: 'broken', ...trial({ post: deny }) },
  ]
  for (const headers of cases) {
    const [one, other] = await Promise.all(
      [shared.both, plain.gateway].map(async (gateway) => {
        const response = await gateway.post(call, headers)
        const all = [...response.headers].filter(([name]) => name !== 'date')
        return { status: response.status, all, text: withoutOwn(await response.text()) }
      }),
    )
    expect(one).toEqual(other)
  }
})

test('a candidate that runs away costs calls nothing but their turn, and is counted', async () => {
  const { gateway } = await onTrial(echo, { POLICY_BUDGET_MS: '5' })
  const send = () => exchange(gateway, call, trial({ pre: 'run away' }))
  const answers = await Promise.all(Array.from({ length: 20 }, send))
  expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200))
  const [line] = await logged(gateway, 'candidate')
  expect(line).toMatchObject({ change: 'error', candidate: { code: 'policy_error' } })
  expect(await count(gateway, 'portcullis_policy_errors_total')).toBe(0)
})

test('what was on trial is in force after a reload', async () => {
  answer = echo
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-'))
  const path = join(folder, 'bundle.tar.gz')
  await copyFile(bundleOf('scripted'), path)
  const { gateway } = await onTrial(echo, { POLICY_BUNDLE_PATH: path })
  expect((await exchange(gateway, call, trial({ pre: deny }))).status).toBe(200)
  await copyFile(bundleOf('candidate'), path)
  await gateway.reload()
  expect((await exchange(gateway, call, trial({ pre: deny }))).status).toBe(403)
  await logged(gateway, 'candidate')
  expect(await disagreements(gateway)).toMatchObject([{ change: 'allow_to_deny' }])
  await rm(folder, { recursive: true })
})

/** Every decision has an id of its own. */
function withoutOwn(text: string): string {
  return text.replaceAll(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'id')
}
