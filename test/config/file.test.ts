import { describe, expect, test } from 'vitest'
import { configOf, faultsOf } from './read-settings.js'

const flags = { config: 'g.yaml' }
const fileOf = (text: string) => ({ flags, files: { 'g.yaml': text } })

describe('the config file', () => {
  test('is YAML or JSON', () => {
    expect(configOf(fileOf('mcp:\n  port: 81\npolicy:\n  mode: warn\n')).mcp.port).toBe(81)
    expect(configOf(fileOf('{"mcp": {"port": 82}}')).mcp.port).toBe(82)
  })

  test.each(['', '# nothing but a comment\n', 'mcp:\n'])('%j sets nothing', (text) => {
    expect(configOf(fileOf(text)).mcp.port).toBe(8080)
  })

  test('holds secrets, or names the files that do', () => {
    const { upstreams, policy } = configOf({
      flags,
      files: {
        'g.yaml': [
          'upstream: {auth: static, tokenFile: /t}',
          'policy: {bundle: {url: "https://b.example/x", token: u}}',
        ].join('\n'),
        '/t': 'from-file\n',
      },
    })
    const headers = { authorization: 'Bearer from-file' }
    expect(upstreams[0].auth).toEqual({ type: 'static', headers })
    expect(policy.supply.bundles[0]?.source).toMatchObject({ token: 'u' })
  })

  test('says false without being misread as unset', () => {
    expect(configOf(fileOf('policy: {enabled: false}')).policy.mode).toBe('off')
  })

  test.each([
    ['mcp: {prot: 1}', /^mcp.prot in g.yaml: there is no such setting; did you mean mcp.port\?/],
    ['polices: {}', /^polices in g.yaml: there is no such setting/],
    ['POLICY_MODE: warn', /in the file it is policy.mode/],
    ['mcp: {port: "80"}', /^mcp.port in g.yaml is "80": give a whole number/],
    ['policy: {enabled: yes}', /^policy.enabled in g.yaml is "yes": give true or false/],
    ['policy: {mode: null}', /^policy.mode in g.yaml is null/],
    ['mcp: {allowedHosts: a.example}', /^mcp.allowedHosts in g.yaml is "a.example": give a list/],
    ['mcp: 8080', /^mcp in g.yaml: give a section/],
    ['auth: {issuer: https://a.example}', /does not honour it yet/],
    ['policy: {rulesPath: [/x]}', /give the path of a .yaml file or a folder/],
    ['policy: {bundle: {requireSignature: "true"}}', /is "true": give true or false/],
    ['policy: {bundle: {verificationKeys: a.json}}', /is "a.json": give a list/],
    ['__proto__: {port: 1}', /^__proto__ in g.yaml: there is no such setting/],
    ['- 1', /has to hold a mapping/],
    ['mcp: {port: 1}\nmcp: {port: 2}', /has a key twice at line 2/],
    ['a: 1\n---\nb: 2', /not valid YAML: MULTIPLE_DOCS/],
    ['upstream: {auth: static, token: x, tokenFile: /t}', /are both set/],
    ['upstream: {auth: static, tokenFile: 7}', /^upstream.tokenFile in g.yaml: give the path/],
  ])('%j is one fault', (text, fault) => {
    expect(faultsOf(fileOf(text))).toEqual([expect.stringMatching(fault)])
  })

  test('may say false of what is off anyway', () => {
    expect(faultsOf(fileOf('policy: {bundle: {requireSignature: false}}'))).toEqual([])
  })

  test('that is missing is a fault', () => {
    expect(faultsOf({ flags: { config: '/nope' } })).toEqual([
      'The config file /nope cannot be read (ENOENT): there is no such file; check the path',
    ])
    expect(faultsOf({ env: { PORTCULLIS_CONFIG: '' } })).toEqual([
      expect.stringMatching(/PORTCULLIS_CONFIG is empty/),
    ])
  })

  test('never has its text repeated where it is broken', () => {
    const faults = faultsOf(fileOf('upstream:\n  token: *hunter2\n  - x: hunter2'))
    expect(faults).toHaveLength(1)
    expect(faults.join()).not.toContain('hunter2')
  })

  test('cannot blow up by aliases', () => {
    const rows = Array.from({ length: 12 }, (_, at) =>
      at === 0 ? 'a0: &a0 [x, x]' : `a${at}: &a${at} [${`*a${at - 1},`.repeat(9)}]`,
    )
    expect(faultsOf(fileOf(rows.join('\n')))).toEqual([
      expect.stringMatching(/g.yaml is not valid YAML: TOO_MANY_ALIASES/),
    ])
  })
})
