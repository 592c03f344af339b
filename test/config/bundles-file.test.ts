import { describe, expect, test } from 'vitest'
import { loadStdioConfig } from '../../src/config/load.js'
import { authority, privateKey, publicKey } from './keys.js'
import { configOf, faultsOf, readerOf, type Given } from './read-settings.js'

function givenOf(text: string, { env = {}, files = {} }: Given = {}): Given {
  return {
    env: { POLICY_BUNDLES_FILE: 'conf/set.yaml', ...env },
    files: { 'conf/set.yaml': text, ...files },
  }
}

function bundlesOf(text: string, given: Given = {}) {
  return configOf(givenOf(text, given)).policy.supply.bundles
}

describe('the file of bundles', () => {
  test('gives each bundle its layer, its scope and its source, relative to the file', () => {
    const text = [
      'bundles:',
      '  org: {path: org.tar.gz}',
      '  hr-payroll: {path: /abs/x, layer: team, scope: {team: "hr-*", kind: tools/call}}',
      '  remote: {url: "https://b.example/x", poll_sec: 5, long_poll_sec: 30, token_env: T}',
    ].join('\n')
    expect(bundlesOf(text, { env: { T: 't0ken', POLICY_POLL_SEC: '90' } })).toEqual([
      {
        name: 'org',
        layer: 'organisation',
        scope: {},
        source: { type: 'disk', path: 'conf/org.tar.gz' },
        sha256: undefined,
        keys: [],
        requireSignature: false,
      },
      {
        name: 'hr-payroll',
        layer: 'team',
        scope: { team: 'hr-*', kind: 'tools/call' },
        source: { type: 'disk', path: '/abs/x' },
        sha256: undefined,
        keys: [],
        requireSignature: false,
      },
      {
        name: 'remote',
        layer: 'organisation',
        scope: {},
        source: {
          type: 'http',
          url: 'https://b.example/x',
          pollSec: 5,
          longPollSec: 30,
          token: 't0ken',
          ca: undefined,
        },
        sha256: undefined,
        keys: [],
        requireSignature: false,
      },
    ])
  })

  test('is JSON as well', () => {
    expect(bundlesOf('{"bundles": {"a": {"path": "a"}}}')).toMatchObject([{ name: 'a' }])
  })

  test('takes what a bundle does not say from the settings', () => {
    const [own, usual] = bundlesOf(
      [
        'bundles:',
        `  own: {url: "https://a.example", keys: [own=own.pem;scope=s], ca_file: ca.pem, token_file: t, require_signature: true, sha256: ${'AB'.repeat(32)}}`,
        '  usual: {url: "https://b.example"}',
      ].join('\n'),
      {
        env: {
          POLICY_VERIFICATION_KEYS: 'all=all.pem',
          POLICY_BUNDLE_CA: 'ca.pem',
          POLICY_BUNDLE_LONG_POLL_SEC: '20',
          POLICY_REQUIRE_SIGNATURE: 'true',
        },
        files: {
          'all.pem': publicKey('rsa'),
          'ca.pem': authority,
          'conf/own.pem': publicKey('ed25519'),
          'conf/ca.pem': authority,
          'conf/t': 'own-token\n',
        },
      },
    )
    expect(own).toMatchObject({
      keys: [{ id: 'own', scope: 's', algorithm: 'EdDSA' }],
      sha256: 'ab'.repeat(32),
      requireSignature: true,
      source: { token: 'own-token', ca: authority },
    })
    expect(usual).toMatchObject({
      keys: [{ id: 'all' }],
      requireSignature: true,
      source: { token: undefined, ca: authority, pollSec: 60, longPollSec: 20 },
    })
  })

  const https = 'url: "https://b.example"'

  test.each([
    ['', /has no bundles: give/],
    ['bundles: {}', /has no bundles/],
    ['bundles: [a]', /has no bundles/],
    [
      '{bundles: {a: {path: x}}, bundels: 1}',
      /has bundels, which is not read here: .*did you mean bundles/,
    ],
    ['bundles: {a: x}', /bundle "a": give a mapping with "path" or "url"/],
    ['bundles: {a: {}}', /path and url are both missing/],
    [`bundles: {a: {path: x, ${https}}}`, /path and url are both there/],
    ['bundles: {a: {path: ""}}', /path cannot be used: give the path of a file/],
    ['bundles: {a: {url: "ftp://b.example"}}', /url cannot be used/],
    ['bundles: {a: {url: "https://u:hunter2@b.example"}}', /url cannot be used/],
    ['bundles: {a: {path: x, layer: global}}', /layer cannot be used: give organisation, team/],
    [
      'bundles: {a: {path: x, scope: {servr: y}}}',
      /scope cannot be used: give a mapping of server/,
    ],
    ['bundles: {a: {path: x, scope: {server: [y]}}}', /scope cannot be used/],
    ['bundles: {a: {path: x, requireSignature: true}}', /did you mean require_signature/],
    ['bundles: {a: {path: x, require_signature: "yes"}}', /give true or false/],
    ['bundles: {a: {path: x, require_signature: true}}', /there are no keys: give keys/],
    ['bundles: {a: {path: x, sha256: abc}}', /give 64 hexadecimal digits/],
    ['bundles: {a: {path: x, poll_sec: 5}}', /poll_sec does not go with path: remove it/],
    ['bundles: {a: {path: x, token_env: T}}', /token_env does not go with path/],
    [`bundles: {a: {${https}, poll_sec: 1.5}}`, /poll_sec cannot be used: give a whole number/],
    [`bundles: {a: {${https}, poll_sec: 0, long_poll_sec: 9}}`, /would not be used where poll_sec/],
    [`bundles: {a: {${https}, token_env: T, token_file: t}}`, /are both there: keep one/],
    [`bundles: {a: {${https}, token_env: T}}`, /names T, which is not set/],
    [`bundles: {a: {${https}, token_file: t}}`, /the file conf.t cannot be read \(ENOENT\)/],
    [`bundles: {a: {${https}, token_file: two}}`, /token_file holds a secret that cannot be used/],
    [`bundles: {a: {${https}, ca_file: two}}`, /ca_file names conf.two, which has no certificate/],
    ['bundles: {a: {path: x, keys: []}}', /keys cannot be used/],
    ['bundles: {a: {path: x, keys: k=k.pem}}', /keys names k.pem, which has a PRIVATE key/],
    ['bundles: {A: {path: x}}', /bundle "A": this cannot be the name of a bundle/],
    ['bundles: {"../a": {path: x}}', /this cannot be the name/],
    ['bundles: {candidate: {path: x}}', /this cannot be the name/],
    ['bundles: {a: {path: x}, a: {path: y}}', /has a key twice/],
    ['bundles: {__proto__: {path: x}}', /this cannot be the name/],
  ])('%s is one fault', (text, fault) => {
    const files = { 'conf/two': 'hunter2 hunter2', 'conf/k.pem': privateKey('rsa') }
    const faults = faultsOf(givenOf(text, { files }))
    expect(faults).toEqual([expect.stringMatching(fault)])
    expect(faults[0]).toMatch(/^The file of bundles conf\/set\.yaml/)
    expect(faults.join()).not.toContain('hunter2')
  })

  test('that is missing is a fault', () => {
    expect(faultsOf({ env: { POLICY_BUNDLES_FILE: '/nope' } })).toEqual([
      'The file of bundles /nope cannot be read (ENOENT): there is no such file; check the path',
    ])
  })

  test('has every fault told at once', () => {
    const text = 'bundles: {a: {path: x, layer: y, sha256: z}, b: {}, c: 7}\nx: 1'
    expect(faultsOf(givenOf(text, { env: { POLICY_MODE: 'x' } }))).toHaveLength(6)
  })

  test('cannot do without a signature that the setting asks for', () => {
    const env = { POLICY_REQUIRE_SIGNATURE: 'true', POLICY_VERIFICATION_KEYS: 'a=a.pem' }
    const text = 'bundles: {a: {path: x, require_signature: false}}'
    expect(faultsOf(givenOf(text, { env, files: { 'a.pem': publicKey('rsa') } }))).toEqual([
      expect.stringMatching(/require_signature is false, and POLICY_REQUIRE_SIGNATURE is true/),
    ])
  })

  test.each([
    [{ POLICY_BUNDLE_PATH: 'b' }, /both set: a single bundle can stand in the file too/],
    [{ POLICY_BUNDLE_URL: 'https://b.example' }, /both set/],
    [{ POLICY_BUNDLE_TOKEN: 't' }, /is for POLICY_BUNDLE_URL: give .* token_file or token_env/],
    [{ POLICY_BUNDLE_SHA256: 'ab'.repeat(32) }, /give the bundles of .* their own sha256/],
  ])('does not go together with %j', (env, fault) => {
    expect(faultsOf(givenOf('bundles: {a: {path: x}}', { env }))).toEqual([
      expect.stringMatching(fault),
    ])
  })

  test('takes the place of the starter bundle', () => {
    const given = { ...givenOf('bundles: {a: {path: x}}'), flags: { demo: true } }
    expect(configOf(given).policy.supply.bundles).toMatchObject([{ name: 'a' }])
  })

  test('keeps the variables of its tokens from the program behind portcullis stdio', () => {
    const { env = {}, files = {} } = givenOf(
      'bundles: {a: {url: "https://b.example", token_env: T}}',
      {
        env: { T: 'hunter2', OTHER: 'o' },
      },
    )
    const loaded = loadStdioConfig(
      { flags: {}, env, readFile: readerOf(files) },
      { name: 'x', command: ['x'] },
    )
    if (!loaded.ok) throw new Error(loaded.faults.join())
    const [{ target }] = loaded.config.upstreams
    expect(target).toMatchObject({ env: { OTHER: 'o' } })
    expect(JSON.stringify(target)).not.toContain('hunter2')
  })
})
