import { describe, expect, test } from 'vitest'
import { pendingSettings } from '../../src/config/pending.js'
import { configOf, faultsOf } from './read-settings.js'

describe('variables that are not ours', () => {
  test('service variables of Kubernetes are ignored, whatever the service is called', () => {
    const env = {
      PORTCULLIS_SERVICE_HOST: '10.0.0.1',
      PORTCULLIS_SERVICE_PORT: '8080',
      PORTCULLIS_SERVICE_PORT_MCP: '8080',
      PORTCULLIS_PORT: 'tcp://10.0.0.1:8080',
      PORTCULLIS_PORT_8080_TCP: 'tcp://10.0.0.1:8080',
      PORTCULLIS_PORT_8080_TCP_PROTO: 'tcp',
      PORTCULLIS_PORT_8080_TCP_PORT: '8080',
      PORTCULLIS_PORT_8080_TCP_ADDR: '10.0.0.1',
      POLICY_SERVICE_HOST: '10.0.0.2',
      OPS_PORT: 'tcp://10.0.0.3:80',
    }
    expect(configOf({ env }).ops.port).toBe(9464)
  })

  test.each([
    'PATH',
    'HOME',
    'SESSION_MANAGER',
    'LOGLEVEL',
    'NODE_ENV',
    'POST',
    'UPSTREAM',
    'SSH_AUTH_SOCK',
  ])('%s is nobody of ours', (name) => {
    expect(faultsOf({ env: { [name]: 'x' } })).toEqual([])
  })
})

describe('variables that were meant to be ours', () => {
  test.each([
    ['EXPRIMENTAL_POLICY_ENGINE', 'EXPERIMENTAL_POLICY_ENGINE'],
    ['POLICY_ENGINE', undefined],
    ['POLICY_BUNDLE', 'POLICY_BUNDLE_CA'],
    ['POLICY_BUNDEL_URL', 'POLICY_BUNDLE_URL'],
    ['policy_mode', 'POLICY_MODE'],
    ['AUTH_MODES', 'AUTH_MODE'],
    ['AUTH_SOMETHING_ELSE', undefined],
    ['UPSTREAM_TOKENFILE', 'UPSTREAM_TOKEN_FILE'],
    ['DECISION_LOG_ARG', 'DECISION_LOG_ARGS'],
    ['OPS_PROT', 'OPS_PORT'],
    ['ALLOWED_HOST', 'ALLOWED_HOSTS'],
    ['TRUSTED_PROXY', 'TRUSTED_PROXIES'],
    ['PORTCULLIS_CONFG', 'PORTCULLIS_CONFIG'],
    ['MAX_BODY_BYTE', 'MAX_BODY_BYTES'],
  ])('%s stops the start and suggests %s', (name, meant) => {
    const faults = faultsOf({ env: { [name]: 'secret-value' } })
    expect(faults).toHaveLength(1)
    expect(faults[0]).toContain(`${name}: there is no such setting`)
    if (meant !== undefined) expect(faults[0]).toContain(`did you mean ${meant}?`)
    expect(faults[0]).not.toContain('secret-value')
  })
})

describe('settings of later versions', () => {
  test.each(Object.keys(pendingSettings))('%s is refused as not honoured yet', (name) => {
    expect(faultsOf({ env: { [name]: 'true' } })).toEqual([
      `${name}: this setting is documented, but this build does not honour it yet; remove it`,
    ])
  })

  test.each(['POLICY_REQUIRE_SIGNATURE', 'POLICY_ALLOW_ROLLBACK'])(
    '%s=false asks for nothing',
    (name) => {
      expect(faultsOf({ env: { [name]: 'false' } })).toEqual([])
    },
  )
})

describe('secrets', () => {
  const secret = 'hunter2-hunter2'
  const needsToken = { UPSTREAM_AUTH: 'static' }

  test('a newline at the end of a secret file is no part of it', () => {
    const { upstreams } = configOf({
      env: { ...needsToken, UPSTREAM_TOKEN_FILE: '/s' },
      files: { '/s': `${secret}\n` },
    })
    const headers = { authorization: `Bearer ${secret}` }
    expect(upstreams[0].auth).toEqual({ type: 'static', headers })
  })

  test.each([
    [
      'both forms',
      { UPSTREAM_TOKEN: secret, UPSTREAM_TOKEN_FILE: '/s' },
      { '/s': secret },
      /both set/,
    ],
    ['an empty file', { UPSTREAM_TOKEN_FILE: '/s' }, { '/s': '\n' }, /\/s is empty/],
    ['a missing file', { UPSTREAM_TOKEN_FILE: '/s' }, {}, /\/s cannot be read \(ENOENT\)/],
    ['an empty path', { UPSTREAM_TOKEN_FILE: '' }, {}, /give the path/],
    ['an empty secret', { UPSTREAM_TOKEN: '' }, {}, /cannot be used/],
    ['a second line', { UPSTREAM_TOKEN: `${secret}\nx` }, {}, /cannot be used/],
    [
      'a second line in the file',
      { UPSTREAM_TOKEN_FILE: '/s' },
      { '/s': `${secret}\nx` },
      /cannot be used/,
    ],
  ])('%s of a secret is one fault that does not show it', (_, env, files, expected) => {
    const faults = faultsOf({ env: { ...needsToken, ...(env as Record<string, string>) }, files })
    expect(faults).toEqual([expect.stringMatching(expected)])
    expect(faults.join()).not.toContain(secret)
  })

  test('a short session key is refused without being shown', () => {
    const faults = faultsOf({ env: { SESSION_KEY: 'c2hvcnQ' } })
    expect(faults).toEqual([expect.stringMatching(/at least 32 bytes/)])
    expect(faults.join()).not.toContain('c2hvcnQ')
  })

  test.each([
    `http://user:${secret}@a.example/mcp`,
    `user:${secret}@a.example/mcp`,
    `ftp://user:${secret}@a.example/mcp`,
    `ftp://a.example/mcp?token=${secret}`,
    `http://user:${secret}/x@a.example`,
  ])('an upstream address with a secret in it is refused without showing that', (address) => {
    const faults = faultsOf({ env: { UPSTREAM_URL: address } })
    expect(faults).toEqual([expect.stringMatching(/^UPSTREAM_URL is .* without credentials/)])
    expect(faults.join()).not.toContain(secret)
  })
})
