import { describe, expect, test } from 'vitest'
import { loadConfig } from '../../src/config/load.js'
import { configOf, faultsOf, load } from './read-settings.js'

const key = Buffer.alloc(32, 7)
const other = Buffer.alloc(48, 8)

describe('defaults and precedence', () => {
  test('with nothing but an upstream the defaults of the reference hold', () => {
    expect(configOf({})).toEqual({
      mcp: {
        host: '127.0.0.1',
        port: 8080,
        allowedHosts: ['localhost', '127.0.0.1', '[::1]'],
        allowedOrigins: [],
        maxBodyBytes: 4_194_304,
        unknownMethods: 'pass',
      },
      ops: { host: '127.0.0.1', port: 9464 },
      upstreams: [
        {
          name: 'default',
          target: { type: 'url', url: 'http://127.0.0.1:3000/mcp' },
          auth: { type: 'none' },
          timeoutMs: 300_000,
          maxMessageBytes: 16_777_216,
          trusted: false,
          era: undefined,
        },
      ],
      policy: {
        mode: 'audit-only',
        failMode: 'open',
        supply: {
          bundles: [],
          maxBytes: 67_108_864,
          cacheDir: undefined,
          allowRollback: false,
        },
        candidate: undefined,
        budgetMs: 25,
        largeInput: { calls: 'deny', responses: 'project' },
        denyStyle: 'http',
        denyDetail: 'full',
        inputHeaders: 'all',
        maxInputBytes: 1_048_576,
      },
      identity: { modes: ['none'], trustedProxies: [] },
      session: { keys: [] },
      replica: expect.stringMatching(/^[a-z0-9-]{8,40}$/) as string,
      decisionLog: {
        destination: { type: 'stdout' },
        args: 'digest',
        mask: [],
        durability: 'flushed',
      },
      log: { level: 'info' },
      shutdownMs: 10_000,
      tools: [],
      notices: [],
    })
  })

  test('a flag wins over the environment, and that over the file', () => {
    const files = { 'g.yaml': 'mcp: {port: 1, maxBodyBytes: 3}\nops: {port: 2}' }
    const { mcp, ops } = configOf({
      flags: { config: 'g.yaml', port: '11' },
      env: { PORT: '12', OPS_PORT: '13' },
      files,
    })
    expect([mcp.port, ops.port, mcp.maxBodyBytes]).toEqual([11, 13, 3])
  })

  test('what a flag overrules is not held against anyone', () => {
    expect(configOf({ flags: { port: '11' }, env: { PORT: 'abc' } }).mcp.port).toBe(11)
  })

  test('PORTCULLIS_CONFIG names the file, and --config wins over it', () => {
    const files = { 'a.yaml': 'mcp: {port: 1}', 'b.yaml': 'mcp: {port: 2}' }
    const env = { PORTCULLIS_CONFIG: 'a.yaml' }
    expect(configOf({ env, files }).mcp.port).toBe(1)
    expect(configOf({ env, files, flags: { config: 'b.yaml' } }).mcp.port).toBe(2)
  })

  test('the configuration is frozen to its leaves', () => {
    const config = configOf({ env: { SESSION_KEY: key.toString('hex') } })
    expect(Object.isFrozen(config) && Object.isFrozen(config.mcp.allowedHosts)).toBe(true)
  })
})

describe('values', () => {
  test.each([
    [{ PORT: '0' }, { mcp: { port: 0 } }],
    [
      { ALLOWED_HOSTS: 'A.example, [::1] ,*' },
      { mcp: { allowedHosts: ['a.example', '[::1]', '*'] } },
    ],
    [
      { ALLOWED_ORIGINS: 'https://A.example:8443' },
      { mcp: { allowedOrigins: ['https://a.example:8443'] } },
    ],
    [{ HOST: '::1' }, { mcp: { host: '::1' } }],
    [
      { POLICY_INPUT_HEADERS: 'User-Agent,X-Team' },
      { policy: { inputHeaders: ['user-agent', 'x-team'] } },
    ],
    [{ POLICY_DENY_STYLE: 'jsonrpc' }, { policy: { denyStyle: 'jsonrpc' } }],
    [{ DECISION_LOG: 'off' }, { decisionLog: { destination: { type: 'off' } } }],
    [
      { DECISION_LOG: './d.log' },
      { decisionLog: { destination: { type: 'file', path: './d.log' } } },
    ],
    [
      { DECISION_LOG_ARGS: 'masked', DECISION_LOG_MASK: 'a,b.c' },
      { decisionLog: { args: 'masked', mask: ['a', 'b.c'] } },
    ],
    [{ DECISION_LOG_DURABILITY: 'synced' }, { decisionLog: { durability: 'synced' } }],
    [{ SESSION_KEY: key.toString('hex') }, { session: { keys: [key] } }],
    [{ SESSION_KEY: key.toString('base64') }, { session: { keys: [key] } }],
    [
      { SESSION_KEY: `${key.toString('hex')},\n ${other.toString('base64')}\n` },
      { session: { keys: [key, other] } },
    ],
    [{ UNKNOWN_METHODS: 'deny' }, { mcp: { unknownMethods: 'deny' } }],
    [{ SESSION_KEY: key.toString('base64url') }, { session: { keys: [key] } }],
    [
      { UPSTREAM_AUTH: 'static', UPSTREAM_TOKEN: 't' },
      { upstreams: [{ auth: { type: 'static', headers: { authorization: 'Bearer t' } } }] },
    ],
    [{ UPSTREAM_AUTH: 'passthrough' }, { upstreams: [{ auth: { type: 'passthrough' } }] }],
    [
      { AUTH_MODE: 'trusted-headers,none,trusted-headers', TRUSTED_PROXIES: '10.0.0.0/8, ::1' },
      { identity: { modes: ['trusted-headers', 'none'], trustedProxies: ['10.0.0.0/8', '::1'] } },
    ],
    [
      { POLICY_BUNDLE_PATH: 'b.tar.gz', POLICY_BUNDLE_SHA256: 'AB'.repeat(32) },
      {
        policy: {
          supply: {
            bundles: [{ source: { type: 'disk', path: 'b.tar.gz' }, sha256: 'ab'.repeat(32) }],
          },
        },
      },
    ],
    [
      { POLICY_BUNDLE_URL: 'https://b.example/x', POLICY_POLL_SEC: '0', POLICY_BUNDLE_TOKEN: 't' },
      {
        policy: {
          supply: {
            bundles: [
              { source: { type: 'http', url: 'https://b.example/x', pollSec: 0, token: 't' } },
            ],
          },
        },
      },
    ],
    [{ POLICY_BUDGET_MS: '1' }, { policy: { budgetMs: 1 } }],
    [
      { POLICY_LARGE_INPUT: 'deny' },
      { policy: { largeInput: { calls: 'deny', responses: 'deny' } } },
    ],
    [
      { POLICY_LARGE_INPUT: 'project' },
      { policy: { largeInput: { calls: 'project', responses: 'project' } } },
    ],
  ])('%j is understood', (env, expected) => {
    expect(configOf({ env: env })).toMatchObject(expected)
  })

  test.each([
    ['PORT', '65536'],
    ['PORT', '-1'],
    ['PORT', '1e3'],
    ['PORT', ' 80'],
    ['PORT', ''],
    ['HOST', 'http://x'],
    ['HOST', '1.2.3'],
    ['ALLOWED_HOSTS', 'a.example:8080'],
    ['ALLOWED_HOSTS', 'a.example,'],
    ['ALLOWED_HOSTS', '::1'],
    ['ALLOWED_ORIGINS', 'https://a.example/path'],
    ['ALLOWED_ORIGINS', 'a.example'],
    ['UPSTREAM_URL', 'ftp://a.example'],
    ['UPSTREAM_URL', 'a.example/mcp'],
    ['UPSTREAM_URL', 'https://a.example/#x'],
    ['POLICY_MODE', 'Enforce'],
    ['POLICY_MODE', ''],
    ['POLICY_ENABLED', 'maybe'],
    ['POLICY_FAIL_MODE', 'ajar'],
    ['POLICY_BUNDLE_SHA256', 'abc'],
    ['POLICY_BUDGET_MS', '0'],
    ['POLICY_BUDGET_MS', '10001'],
    ['POLICY_CANDIDATE_SAMPLE', '1.1'],
    ['POLICY_CANDIDATE_SAMPLE', '-0.5'],
    ['POLICY_CANDIDATE_SAMPLE', '50%'],
    ['POLICY_LARGE_INPUT', 'allow'],
    ['POLICY_BUNDLE_LONG_POLL_SEC', '601'],
    ['POLICY_BUNDLE_MAX_BYTES', '0'],
    ['POLICY_INPUT_HEADERS', 'Authorization'],
    ['POLICY_INPUT_HEADERS', 'a b'],
    ['TRUSTED_PROXIES', '10.0.0.0/33'],
    ['TRUSTED_PROXIES', '10.0.0/8'],
    ['TRUSTED_PROXIES', 'proxy.example'],
    ['DECISION_LOG', 'stout'],
    ['LOG_LEVEL', 'loud'],
    ['SHUTDOWN_TIMEOUT_MS', '2147483648'],
  ])('%s=%j is refused, with its name, its value and what is allowed', (name, value) => {
    const [fault = ''] = faultsOf({ env: { [name]: value } })
    expect(fault).toMatch(new RegExp(`^${name} is .*: give `))
    for (const part of value.split(',')) expect(fault).toContain(part)
  })

  test('a later value of AUTH_MODE is refused as not honoured yet', () => {
    expect(faultsOf({ env: { AUTH_MODE: 'none,jwt' } })).toEqual([
      'AUTH_MODE: jwt is documented, but this build does not honour it yet; remove it',
    ])
  })
})

describe('every fault at once', () => {
  test('faults of flags, environment, file and of their combination are told together', () => {
    const faults = faultsOf({
      flags: { config: 'g.yaml', port: 'x' },
      env: { POLICY_MOD: 'enforce', UPSTREAM_AUTH: 'static', LOG_LEVEL: 'loud' },
      files: { 'g.yaml': 'mcp: {hots: a}\nops: {port: true}' },
    })
    expect(faults).toEqual([
      'POLICY_MOD: there is no such setting; did you mean POLICY_MODE?',
      'mcp.hots in g.yaml: there is no such setting; did you mean mcp.host?',
      '--port is "x": give a whole number from 0 to 65535',
      'ops.port in g.yaml is true: give a whole number from 0 to 65535',
      'LOG_LEVEL is "loud": give one of trace, debug, info, warn, error, fatal, silent',
      'UPSTREAM_AUTH is static and there is no token: set UPSTREAM_TOKEN or UPSTREAM_TOKEN_FILE',
    ])
  })

  test.each([
    [{ HOST: '0.0.0.0' }, /^HOST is 0.0.0.0.*set ALLOWED_HOSTS/],
    [{ HOST: 'gateway.example' }, /set ALLOWED_HOSTS/],
    [{ PORT: '9464' }, /PORT and OPS_PORT are both 9464/],
    [{ UPSTREAM_AUTH: 'static' }, /set UPSTREAM_TOKEN/],
    [{ UPSTREAM_TOKEN: 't' }, /set UPSTREAM_AUTH=static/],
    [
      { UPSTREAM_AUTH: 'passthrough', AUTH_MODE: 'trusted-headers', TRUSTED_PROXIES: '::1' },
      /only with AUTH_MODE=none/,
    ],
    [{ AUTH_MODE: 'trusted-headers' }, /set TRUSTED_PROXIES/],
    [{ POLICY_BUNDLE_PATH: 'a', POLICY_BUNDLE_URL: 'https://b.example' }, /one source/],
    [{ POLICY_BUNDLE_TOKEN: 't' }, /set POLICY_BUNDLE_URL/],
    [{ POLICY_BUNDLE_SHA256: 'ab'.repeat(32) }, /there is no bundle/],
    [{ DECISION_LOG_ARGS: 'masked' }, /set DECISION_LOG_MASK/],
  ])('%j contradicts itself', (env, fault) => {
    const faults = faultsOf({ env: env })
    expect(faults).toEqual([expect.stringMatching(fault)])
  })

  test('two free ports do not collide', () => {
    expect(configOf({ env: { PORT: '0', OPS_PORT: '0' } }).ops.port).toBe(0)
  })

  test('an address in the whole of 127.0.0.0/8 needs no ALLOWED_HOSTS', () => {
    expect(faultsOf({ env: { HOST: '127.8.8.8' } })).toEqual([])
  })
})

describe('demo', () => {
  const env = {}
  const readFile = () => ''

  test('without an upstream nothing starts, and the fault names each way out', () => {
    const loaded = loadConfig({ flags: {}, env, readFile })
    expect(loaded).toEqual({
      ok: false,
      faults: [expect.stringMatching(/set UPSTREAM_URL .*UPSTREAMS_FILE.*--demo/)],
    })
  })

  test('--demo supplies upstream, starter bundle and identities from this machine', () => {
    const loaded = loadConfig({ flags: { demo: true }, env, readFile })
    if (!loaded.ok) throw new Error(loaded.faults.join())
    expect(loaded.config.upstreams).toMatchObject([{ name: 'demo', target: { type: 'demo' } }])
    expect(loaded.config.policy.supply.bundles[0]?.source).toEqual({
      type: 'disk',
      path: expect.stringMatching(/bundles.starter\.tar\.gz$/) as string,
    })
    expect(loaded.config.identity).toEqual({
      modes: ['trusted-headers'],
      trustedProxies: ['127.0.0.1', '::1'],
    })
    expect(loaded.config.policy.mode).toBe('audit-only')
  })

  test('--demo supplies nothing that was configured', () => {
    const config = configOf({
      flags: { demo: true, 'policy-bundle': 'mine.tar.gz' },
      env: { AUTH_MODE: 'none' },
    })
    expect(config.upstreams[0].target).toEqual({ type: 'url', url: 'http://127.0.0.1:3000/mcp' })
    expect(config.policy.supply.bundles[0]?.source).toEqual({ type: 'disk', path: 'mine.tar.gz' })
    expect(config.identity).toEqual({ modes: ['none'], trustedProxies: [] })
  })
})

describe('the replica', () => {
  const replicaOn = (HOSTNAME: string): string => configOf({ env: { HOSTNAME } }).replica

  test('has another name after a restart, and does not show the name of its host', () => {
    const [first, second] = [replicaOn('pod-7'), replicaOn('pod-7')]
    expect(first).not.toBe(second)
    expect(first).not.toContain('pod-7')
    expect(first.slice(0, 8)).toBe(second.slice(0, 8))
    expect(first.slice(0, 8)).not.toBe(replicaOn('pod-8').slice(0, 8))
  })
})

describe('notices', () => {
  test.each([
    [{ POLICY_BUNDLE_URL: 'http://b.example/x' }, /plain http/],
    [{ AUTH_MODE: 'trusted-headers', TRUSTED_PROXIES: '0.0.0.0/0' }, /every address/],
  ])('%j starts with a notice', (env, notice) => {
    expect(configOf({ env: env }).notices).toEqual([expect.stringMatching(notice)])
  })

  test.each([
    [{ POLICY_BUNDLE_URL: 'http://127.0.0.1/x' }],
    [{ POLICY_BUNDLE_URL: 'http://b.example/x', POLICY_BUNDLE_SHA256: 'ab'.repeat(32) }],
    [{ POLICY_BUNDLE_URL: 'https://b.example/x', POLICY_BUNDLE_TOKEN: 't' }],
  ])('%j starts without one', (env) => {
    expect(load({ env: env })).toMatchObject({ config: { notices: [] } })
  })
})
