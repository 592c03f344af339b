import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { run, serveDemo, starterBundle } from './run-command.js'
import type { Serving } from './run-command.js'

describe('serve', () => {
  test('with a wrong configuration ends with 78 and names every fault', async () => {
    const env = { PORT: 'x', POLICY_MODE: 'y' }
    const { exitCode, out, err } = await run(['serve'], { env })
    expect(err).toMatch(
      /has 3 faults:\n {2}- PORT .*\n {2}- POLICY_MODE .*\n {2}- There is no upstream/,
    )
    expect([exitCode, out]).toEqual([78, ''])
  })

  test('greets in one line, reloads on SIGHUP and ends with 0 on SIGTERM', async () => {
    const serving = await serveDemo()
    expect(serving.greeting).toMatch(
      /^portcullis: MCP on http:\/\/127.0.0.1:\d+\/mcp for the built-in demo server; policy audit-only; .*\n$/,
    )
    serving.signal('SIGHUP')
    serving.signal('SIGTERM')
    expect(await serving.ended).toBe(0)
  })

  test('a second signal ends it at once, with 1', async () => {
    const serving = await serveDemo()
    serving.signal('SIGTERM')
    serving.signal('SIGINT')
    expect(await serving.ended).toBe(1)
  })

  test('ends with 1 and says so when the port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    const env = { DECISION_LOG: 'off', LOG_LEVEL: 'silent', OPS_PORT: '0' }
    const { exitCode, err } = await run(['serve', '--demo', '--port', String(port)], { env })
    other.close()
    expect(err).toContain(`127.0.0.1:${port} is in use by another process; choose another port`)
    expect(exitCode).toBe(1)
  })
})

describe('check', () => {
  test('a demo is fine', async () => {
    const { exitCode, out } = await run(['check', '--demo'])
    expect(out).toMatch(/bundle .*starter.tar.gz is fine: revision starter-1/)
    expect(exitCode).toBe(0)
  })

  test('an upstream that is away is a warning, because serve starts without it', async () => {
    const { exitCode, err } = await run(['check', '--upstream', 'http://127.0.0.1:9/mcp'])
    expect(err).toMatch(/warning: upstream http:\/\/127.0.0.1:9\/mcp cannot be reached/)
    expect(exitCode).toBe(0)
  })

  test.each([
    ['a missing bundle that everything depends on', { POLICY_MODE: 'enforce' }, '/nope', 78],
    ['a missing bundle that nothing depends on', {}, '/nope', 0],
    [
      'another bundle than the one demanded',
      { POLICY_BUNDLE_SHA256: 'ab'.repeat(32) },
      starterBundle,
      78,
    ],
    ['a bad configuration', { PORT: 'x' }, starterBundle, 78],
  ])('%s is told', async (_, env, bundle, expected) => {
    const argv = ['check', '--demo', '--policy-bundle', bundle]
    const { exitCode, err } = await run(argv, { env: env })
    expect(err).not.toBe('')
    expect(exitCode).toBe(expected)
  })
})

describe('call', () => {
  let gateway: Serving

  beforeAll(async () => {
    gateway = await serveDemo({ POLICY_MODE: 'enforce' })
  })
  afterAll(async () => {
    gateway.signal('SIGINT')
    gateway.signal('SIGINT')
    await gateway.ended
  })

  test('prints the text of the result', async () => {
    const argv = ['call', 'weather.get', '--url', gateway.url, '--param', 'city=Berlin']
    const { exitCode, out, err } = await run(argv)
    expect(out).toMatch(/^Berlin: .*\n$/)
    expect([exitCode, err]).toEqual([0, ''])
  })

  test('--json prints the whole result', async () => {
    const argv = [
      'call',
      'weather.get',
      '--url',
      gateway.url,
      '--param',
      'city:="Berlin"',
      '--json',
    ]
    const { out } = await run(argv)
    expect(JSON.parse(out)).toHaveProperty('content.0.type', 'text')
  })

  test('a refusal is told with all that the gateway says, and exits with 1', async () => {
    const argv = ['call', 'database.backup', '--url', gateway.url]
    const { exitCode, out, err } = await run([
      ...argv,
      '--user-context',
      '{"id":"älice","roles":["dev"]}',
    ])
    expect(err).toMatch(
      /^refused: policy_deny \(403\)\nreason: role_mismatch\nrule: \S+\nremedy: .*\ndecision: [0-9a-f-]{36}\n/,
    )
    expect([exitCode, out]).toEqual([1, ''])
  })

  test('the user context decides who the caller is', async () => {
    const argv = ['call', 'database.backup', '--url', gateway.url]
    const { exitCode } = await run([...argv, '--user-context', '{"id":"älice","roles":["admin"]}'])
    expect(exitCode).toBe(0)
  })

  test('with a bundle the policy is asked here, without a server', async () => {
    const argv = ['call', 'temp.convert', '--bundle', starterBundle, '--param', 'temp=-500']
    const { exitCode, out } = await run(argv)
    expect(JSON.parse(out)).toMatchObject({ effect: 'deny', code: 'validation_failed' })
    expect(exitCode).toBe(1)
  })

  test('a gateway that is not there is named, with what to do', async () => {
    const { exitCode, err } = await run(['call', 'x', '--url', 'http://127.0.0.1:1024/mcp'])
    expect(err).toMatch(/127.0.0.1:1024\/mcp cannot be reached \(ECONNREFUSED\); start a gateway/)
    expect(exitCode).toBe(1)
  })
})
