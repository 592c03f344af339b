import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { checkFolder } from '../../src/config/folder.js'
import { authority, publicKey } from './keys.js'
import { configOf, faultsOf } from './read-settings.js'

type Env = Readonly<Record<string, string>>

const files = { 'k.pem': publicKey('ed25519'), 'ca.pem': authority, 'set.yaml': '' }
const disk: Env = { POLICY_BUNDLE_PATH: 'b.tar.gz' }
const keys: Env = { POLICY_VERIFICATION_KEYS: 'ops=k.pem' }
const signed: Env = { ...keys, POLICY_REQUIRE_SIGNATURE: 'true' }

describe('signatures', () => {
  test('are verified with the keys of the setting', () => {
    const { bundles } = configOf({ env: { ...disk, ...signed }, files }).policy.supply
    expect(bundles).toMatchObject([
      { name: 'policy', keys: [{ id: 'ops', algorithm: 'EdDSA' }], requireSignature: true },
    ])
  })

  test('need keys', () => {
    expect(faultsOf({ env: { ...disk, POLICY_REQUIRE_SIGNATURE: 'true' } })).toEqual([
      expect.stringMatching(/no keys to verify signatures with: set POLICY_VERIFICATION_KEYS/),
    ])
  })

  test.each([
    [{ POLICY_MODE: 'enforce', POLICY_FAIL_MODE: 'open' }],
    [{ POLICY_ENABLED: 'true', POLICY_FAIL_MODE: 'open' }],
  ])('do not go together with %j, which passes calls without one', (env) => {
    expect(faultsOf({ env: { ...disk, ...signed, ...(env as Env) }, files })).toEqual([
      expect.stringMatching(
        /POLICY_REQUIRE_SIGNATURE demands a signed bundle, and calls would pass/,
      ),
    ])
  })

  test('that a bundle of the file demands do not either', () => {
    const set = {
      'set.yaml': 'bundles: {a: {path: a, require_signature: true, keys: k=k.pem}}',
      'k.pem': files['k.pem'],
    }
    const env = { POLICY_BUNDLES_FILE: 'set.yaml', POLICY_FAIL_MODE: 'open' }
    expect(faultsOf({ env, files: set })).toEqual([
      expect.stringMatching(
        /Bundle "a" of POLICY_BUNDLES_FILE demands a signature, and calls would/,
      ),
    ])
  })

  test('are worth a notice where the switch alone lets calls pass without a bundle', () => {
    const env = { ...disk, ...signed, POLICY_ENABLED: 'true' }
    expect(configOf({ env, files }).notices).toEqual([
      expect.stringMatching(/demands a signed bundle, and calls pass while there is none/),
    ])
  })
})

describe('a candidate', () => {
  const candidate = { POLICY_CANDIDATE_PATH: 'next.tar.gz' }

  test('is verified like the first, and judges every call unless a share is given', () => {
    const { candidate: config } = configOf({
      env: { ...disk, ...signed, ...candidate },
      files,
    }).policy
    expect(config).toMatchObject({
      sample: 1,
      supply: {
        bundles: [
          {
            name: 'candidate',
            layer: 'organisation',
            source: { type: 'disk', path: 'next.tar.gz' },
            keys: [{ id: 'ops' }],
            requireSignature: true,
          },
        ],
      },
    })
  })

  test('may judge a share', () => {
    for (const [text, sample] of [
      ['0', 0],
      ['.25', 0.25],
      ['0.5', 0.5],
      ['1.0', 1],
    ] as const) {
      const env = { ...disk, ...candidate, POLICY_CANDIDATE_SAMPLE: text }
      expect(configOf({ env }).policy.candidate).toMatchObject({ sample })
    }
  })

  test('gets the token of the bundle server, and no other server does', () => {
    const tokenFor = (url: string, env: Env = {}) => {
      const all = { ...env, POLICY_CANDIDATE_URL: url, POLICY_BUNDLE_TOKEN: 't' }
      const { policy, notices } = configOf({ env: all })
      const source = policy.candidate?.supply.bundles[0]?.source
      return [source?.type === 'http' && source.token, notices.length]
    }
    const active = { POLICY_BUNDLE_URL: 'https://b.example/a' }
    expect(tokenFor('https://b.example/next', active)).toEqual(['t', 0])
    expect(tokenFor('https://b.example:444/next', active)).toEqual([undefined, 1])
    expect(tokenFor('https://b.example/next', disk)).toEqual(['t', 0])
  })

  test.each([
    [candidate, /POLICY_CANDIDATE_PATH is set and there is no policy to compare it with/],
    [
      { ...disk, ...candidate, POLICY_CANDIDATE_URL: 'https://b.example' },
      /both set: a candidate is one bundle/,
    ],
    [{ ...disk, POLICY_CANDIDATE_SAMPLE: '0.5' }, /would not be used: set POLICY_CANDIDATE_PATH/],
  ])('%j contradicts itself', (env, fault) => {
    expect(faultsOf({ env })).toEqual([expect.stringMatching(fault)])
  })
})

describe('rules without a bundle', () => {
  const rules = { POLICY_RULES_PATH: '/etc/rules' }

  test('are a supply of their own, which nobody signs', () => {
    const expected = [
      {
        ...{ name: 'rules', layer: 'organisation', scope: {}, sha256: undefined, keys: [] },
        source: { type: 'rules', path: '/etc/rules' },
        requireSignature: false,
      },
    ]
    const file = 'policy: { rulesPath: /etc/rules }'
    for (const given of [
      { env: rules },
      { flags: { 'policy-rules': '/etc/rules' } },
      { flags: { config: 'c.yaml' }, files: { 'c.yaml': file } },
      { env: rules, flags: { demo: true } },
    ]) {
      expect(configOf(given).policy.supply.bundles).toEqual(expected)
    }
  })

  test('may have a candidate beside them, a file of rules or a bundle', () => {
    const sourceOf = (path: string) =>
      configOf({ env: { ...rules, POLICY_CANDIDATE_PATH: path } }).policy.candidate?.supply
        .bundles[0]?.source
    expect(sourceOf('/next.yaml')).toEqual({ type: 'rules', path: '/next.yaml' })
    expect(sourceOf('/next.yml')).toEqual({ type: 'rules', path: '/next.yml' })
    expect(sourceOf('/next')).toEqual({ type: 'disk', path: '/next' })
  })

  const digest = { POLICY_BUNDLE_SHA256: 'ab'.repeat(32) }

  test.each<[Env, RegExp]>([
    [
      { POLICY_BUNDLE_PATH: '/b' },
      /^POLICY_BUNDLE_PATH and POLICY_RULES_PATH are both set: .*"portcullis policy build"/,
    ],
    [
      { POLICY_BUNDLE_URL: 'https://b.example/x' },
      /^POLICY_BUNDLE_URL and POLICY_RULES_PATH are both set/,
    ],
    [
      digest,
      /^POLICY_BUNDLE_SHA256 demands a bundle, and POLICY_RULES_PATH names rules that nobody has signed/,
    ],
    [{ ...keys }, /^POLICY_VERIFICATION_KEYS is set and would not be used/],
    [signed, /^POLICY_REQUIRE_SIGNATURE demands a bundle, .*--sign KEY.*POLICY_BUNDLE_PATH/],
    [{ POLICY_BUNDLE_TOKEN: 't' }, /^POLICY_BUNDLE_TOKEN is set and would not be used/],
  ])('contradict %j', (env, fault) => {
    expect(faultsOf({ env: { ...rules, ...env }, files })).toEqual([expect.stringMatching(fault)])
  })

  test('contradict a file of bundles', () => {
    const env = { ...rules, POLICY_BUNDLES_FILE: 's.yaml' }
    const files = { 's.yaml': 'bundles: { a: { path: /a } }' }
    expect(faultsOf({ env, files })).toEqual([
      expect.stringMatching(/^POLICY_BUNDLES_FILE and POLICY_RULES_PATH are both set/),
    ])
  })
})

describe('a bundle server', () => {
  const url = { POLICY_BUNDLE_URL: 'https://b.example/x' }

  test('is trusted for the authorities of a file, and may be asked to hold requests', () => {
    const env = { ...url, POLICY_BUNDLE_CA: 'ca.pem', POLICY_BUNDLE_LONG_POLL_SEC: '30' }
    const [bundle] = configOf({ env, files: { 'ca.pem': `Subject: x\n${authority}` } }).policy
      .supply.bundles
    expect(bundle?.source).toMatchObject({ ca: authority, longPollSec: 30 })
  })

  const damaged = authority.replace(/\n.{20}/, '\n' + 'A'.repeat(20))

  test.each([
    [{ ...url, POLICY_BUNDLE_CA: 'no.pem' }, /POLICY_BUNDLE_CA names no.pem, which cannot be read/],
    [{ ...url, POLICY_BUNDLE_CA: 'k.pem' }, /names k.pem, which has no certificate/],
    [{ ...url, POLICY_BUNDLE_CA: 'bad.pem' }, /names bad.pem, whose certificate 2 is damaged/],
    [{ ...disk, POLICY_BUNDLE_CA: 'ca.pem' }, /would not be used: set POLICY_BUNDLE_URL/],
    [{ ...disk, POLICY_BUNDLE_LONG_POLL_SEC: '5' }, /would not be used: set POLICY_BUNDLE_URL/],
    [
      { ...url, POLICY_BUNDLE_LONG_POLL_SEC: '5', POLICY_POLL_SEC: '0' },
      /would not be used: give POLICY_POLL_SEC/,
    ],
  ])('%j contradicts itself', (env, fault) => {
    const all = { ...files, 'bad.pem': authority + damaged }
    expect(faultsOf({ env, files: all })).toEqual([expect.stringMatching(fault)])
  })
})

describe('notices', () => {
  const plain = 'http://b.example/x'

  test.each<[Env, RegExp | undefined]>([
    [{ POLICY_BUNDLE_URL: plain, ...signed }, undefined],
    [{ ...disk, POLICY_CANDIDATE_URL: plain }, /^POLICY_CANDIDATE_URL is plain http/],
    [{ ...disk, POLICY_CANDIDATE_URL: plain, ...signed }, undefined],
    [{ POLICY_BUNDLE_URL: plain, ...signed, POLICY_BUNDLE_TOKEN: 't' }, /learns the token/],
    [{ POLICY_BUNDLES_FILE: 'set.yaml' }, /^Bundle "a" of POLICY_BUNDLES_FILE is plain http/],
    [{ ...disk, ...keys }, /without a signature is still accepted/],
    [{ ...disk, POLICY_ALLOW_ROLLBACK: 'true' }, /POLICY_ALLOW_ROLLBACK is true/],
    [{ ...disk, ...signed, POLICY_ALLOW_ROLLBACK: 'true' }, undefined],
  ])('%j has the one that belongs to it', (env, notice) => {
    const set = `bundles: {a: {url: "${plain}"}, b: {url: "${plain}", sha256: ${'ab'.repeat(32)}}}`
    const { notices } = configOf({ env, files: { ...files, 'set.yaml': set } })
    expect(notices).toEqual(notice === undefined ? [] : [expect.stringMatching(notice)])
  })
})

describe('the folder of the last good bundles', () => {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-'))
  afterAll(() => rmSync(folder, { recursive: true }))

  test('is told from what cannot be one', () => {
    const file = join(folder, 'file')
    writeFileSync(file, '')
    expect(checkFolder(folder)).toBeUndefined()
    expect(checkFolder(join(folder, 'not', 'yet'))).toBeUndefined()
    expect(checkFolder(file)).toBe('is no folder')
    expect(checkFolder(join(file, 'a', 'b'))).toMatch(/^cannot be made: .*file is no folder/)
  })

  test('is a fault where it cannot be used, with all the others', () => {
    const env = { ...disk, POLICY_CACHE_DIR: '/x', POLICY_MODE: 'y' }
    expect(faultsOf({ env, folders: { '/x': 'cannot be written to (EROFS)' } })).toEqual([
      expect.stringMatching(/^POLICY_MODE/),
      'POLICY_CACHE_DIR is "/x", which cannot be written to (EROFS): give a folder that the gateway may write to, and that nobody else may',
    ])
    expect(configOf({ env: { ...disk, POLICY_CACHE_DIR: '/y' } }).policy.supply.cacheDir).toBe('/y')
  })
})
