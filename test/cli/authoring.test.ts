import { execFileSync } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { unpackArchive } from '../../src/bundles/archive.js'
import { packArchive } from '../../src/bundles/archive-pack.js'
import { hasOpa } from '../support/opa.js'
import { run, starterBundle, startWatching } from './run-command.js'

const folder = mkdtempSync(join(tmpdir(), 'portcullis-authoring-'))
const at = (name: string): string => join(folder, name)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('keys generate', () => {
  test('makes a pair that its owner alone can read, and says how to use it', async () => {
    const { exitCode, out, err } = await run(['keys', 'generate', '-o', at('ci')])
    expect(exitCode).toBe(0)
    expect(out).toBe(`${at('ci.key.pem')}\n${at('ci.pub.pem')}\n`)
    expect(err).toContain(`POLICY_VERIFICATION_KEYS='default=${at('ci.pub.pem')}'`)
    expect(statSync(at('ci.key.pem')).mode & 0o777).toBe(0o600)
    expect(readFileSync(at('ci.key.pem'), 'utf8')).toContain('PRIVATE KEY')
    expect(readFileSync(at('ci.pub.pem'), 'utf8')).not.toContain('PRIVATE KEY')
  })

  test('overwrites nothing', async () => {
    const before = readFileSync(at('ci.key.pem'))
    const { exitCode, err } = await run(['keys', 'generate', '-o', at('ci')])
    expect(exitCode).toBe(1)
    expect(err).toContain('it is there already')
    expect(readFileSync(at('ci.key.pem'))).toEqual(before)
  })

  test.each(['none', 'HS256', 'ES'])('does not know %s', async (alg) => {
    const { exitCode, err } = await run(['keys', 'generate', '-o', at('x'), '--alg', alg])
    expect(exitCode).toBe(2)
    expect(err).toContain('give one of ES256')
  })
})

describe('policy new', () => {
  test.each(['allow-list', 'bounds', 'redact', 'starter'])('begins a set from %s', async (name) => {
    const set = at(`new-${name}`)
    const { exitCode, out, err } = await run(['policy', 'new', set, '--template', name])
    expect(exitCode).toBe(0)
    expect(out.split('\n')).toContain(join(set, 'policy.rego'))
    expect(err).toContain(`portcullis policy test ${set}`)
  })

  test('leaves a folder alone that has something in it', async () => {
    const { exitCode, err } = await run(['policy', 'new', at('new-bounds')])
    expect(exitCode).toBe(1)
    expect(err).toContain('is not empty')
  })

  test('suggests the template that was meant', async () => {
    const { exitCode, err } = await run(['policy', 'new', at('y'), '-t', 'alow-list'])
    expect(exitCode).toBe(2)
    expect(err).toContain('did you mean allow-list?')
  })
})

describe('policy test of a bundle', () => {
  test('runs its cases without opa, obligations included', async () => {
    const { exitCode, out } = await run(['policy', 'test', await bundleWith('good', good)])
    expect(out).toBe('cases: 3 passed, 0 failed\n')
    expect(exitCode).toBe(0)
  })

  test('shows what was expected and what came', async () => {
    const bundle = await bundleWith('bad', bad)
    const { exitCode, out } = await run(['policy', 'test', bundle, '--junit', at('junit.xml')])
    expect(out).toBe(
      [
        'FAIL cases/all.yaml:2 wrong effect',
        '  - expected effect: allow',
        '  +      got effect: deny (policy_deny: role_mismatch)',
        'FAIL cases/all.yaml:5 leaks <&">',
        '  - expected result: not to have "Ann"',
        '  +      got result: structuredContent.name: "Ann"',
        'cases: 0 passed, 2 failed',
        '',
      ].join('\n'),
    )
    expect(exitCode).toBe(1)
    const junit = readFileSync(at('junit.xml'), 'utf8')
    expect(junit).toContain('<testsuite name="cases" tests="2" failures="2" skipped="0">')
    expect(junit).toContain('name="leaks &lt;&amp;&quot;&gt;"')
  })

  test('without anything to run it fails', async () => {
    const { exitCode, err } = await run(['policy', 'test', starterBundle])
    expect(exitCode).toBe(1)
    expect(err).toContain('There is nothing to run')
  })

  test('a case that cannot be read is named by file, line and column', async () => {
    const bundle = await bundleWith('broken', 'cases:\n  - name: x\n    colour: red\n')
    const { exitCode, err } = await run(['policy', 'test', bundle])
    expect(exitCode).toBe(1)
    expect(err).toMatch(/cases\/all\.yaml:\d+:\d+/)
  })
})

describe('policy check and inspect of a signed bundle', () => {
  const keys = `default=${at('ci.pub.pem')}`

  test('an unsigned one is refused where a signature is required', async () => {
    const args = ['--keys', keys, '--require-signature']
    const { exitCode, err } = await run(['policy', 'check', starterBundle, ...args])
    expect(exitCode).toBe(1)
    expect(err).toContain('.signatures.json')
  })

  test('keys say of an unsigned one that it is, and are refused for a folder', async () => {
    const unsigned = await run(['policy', 'check', starterBundle, '--keys', keys])
    expect(unsigned.out).toMatch(/is fine: .*; not signed\n$/)
    const ofFolder = await run(['policy', 'check', at('new-starter'), '--keys', keys])
    expect(ofFolder).toMatchObject({
      exitCode: 2,
      err: expect.stringContaining('build it first') as string,
    })
  })

  test('a digest is compared, and keys that cannot be read are a usage error', async () => {
    const digest = await run(['policy', 'check', starterBundle, '--sha256', '0'.repeat(64)])
    expect(digest.exitCode).toBe(1)
    expect(digest.err).toContain('SHA-256 want')
    const wrong = await run(['policy', 'check', starterBundle, '--keys', 'a=/nope.pem'])
    expect(wrong.exitCode).toBe(2)
    expect(wrong.err).toContain('/nope.pem')
    const useless = await run(['policy', 'check', starterBundle, '--require-signature'])
    expect(useless.exitCode).toBe(2)
  })
})

describe.runIf(hasOpa)('with opa', () => {
  test.each(['allow-list', 'bounds', 'redact', 'starter'])(
    'the set of %s passes its tests, fully covered',
    async (name) => {
      const { exitCode, out, err } = await run([
        ...['policy', 'test', at(`new-${name}`), '--threshold', '100'],
      ])
      expect(err).toBe('')
      expect(out).toMatch(
        /^rego tests: \d+ passed, 0 failed; coverage 100 %\ncases: \d+ passed, 0 failed\n$/,
      )
      expect(exitCode).toBe(0)
    },
  )

  test('a set is built, signed, verified by gateway and opa alike, and described', async () => {
    const bundle = at('signed.tar.gz')
    const signing = ['--sign', at('ci.key.pem'), '--scope', 'prod']
    const built = await run(['policy', 'build', at('new-redact'), '-o', bundle, ...signing])
    expect(built.err).toBe('')
    expect(built.out).toContain('cases        3')
    expect(built.out).toMatch(/signature +signed by "default" \(ES256\) for prod on /)
    const keys = `default=${at('ci.pub.pem')};scope=prod`
    const checked = await run(['policy', 'check', bundle, '--keys', keys, '--require-signature'])
    expect(checked.out).toMatch(/is fine: .*signed by "default" \(ES256\) for prod on .*, verified/)
    const elsewhere = await run([
      'policy',
      'check',
      bundle,
      '--keys',
      `default=${at('ci.pub.pem')}`,
    ])
    expect(elsewhere.exitCode).toBe(1)
    expect(elsewhere.err).toContain('scope')
    const inspected = await run(['policy', 'inspect', bundle])
    expect(inspected.out).toMatch(
      /signature +signed by "default" \(ES256\) for prod on .*, not verified/,
    )
    const json = await run(['policy', 'inspect', bundle, '--format', 'json'])
    expect(JSON.parse(json.out)).toMatchObject({ cases: 3, signature: { keyId: 'default' } })
    execFileSync('opa', ['inspect', bundle])
  })

  test('flags of a signature without a key are a usage error', async () => {
    const { exitCode, err } = await run([
      ...['policy', 'build', at('new-redact'), '-o', at('z.tar.gz'), '--scope', 'prod'],
    ])
    expect(exitCode).toBe(2)
    expect(err).toContain('--sign')
  })

  test('a failing Rego test is named with its place, and coverage below the threshold fails', async () => {
    const set = at('new-bounds')
    writeFileSync(join(set, 'more_test.rego'), 'package mcp_test\n\ntest_wrong if 1 == 2\n')
    const failing = await run(['policy', 'test', set])
    expect(failing.out).toContain('FAIL more_test.rego:3 mcp_test.test_wrong')
    expect(failing.exitCode).toBe(1)
    writeFileSync(join(set, 'more_test.rego'), 'package mcp_test\n')
    rmSync(join(set, 'policy_test.rego'))
    const uncovered = await run(['policy', 'test', set, '--threshold', '50'])
    expect(uncovered.err).toContain('Coverage of Rego is 0 %')
    expect(uncovered.exitCode).toBe(1)
  })

  test('a set that does not compile is told in the words of opa', async () => {
    mkdirSync(at('bad'))
    writeFileSync(at('bad/policy.rego'), 'package mcp\n\npre := http.send({})\n')
    const { exitCode, err } = await run(['policy', 'test', at('bad')])
    expect(exitCode).toBe(1)
    expect(err).toMatch(/policy\.rego:3: .*http\.send/)
  })

  test('a builtin that is not offered is told with what to do instead', async () => {
    const { err } = await run(['policy', 'build', at('bad'), '-o', at('bad.tar.gz')])
    expect(err).toContain('does not offer http.send (put what is needed into data.json')
  })

  test('a set without a decision for its own case is neither built nor passed', async () => {
    mkdirSync(at('shapeless/cases'), { recursive: true })
    writeFileSync(at('shapeless/policy.rego'), 'package mcp\n\npre := {"alow": true}\n')
    const text = 'cases:\n  - { name: a, call: { tool: x }, expect: { effect: allow } }\n'
    writeFileSync(at('shapeless/cases/a.yaml'), text)
    const words = 'no decision for its own case "cases/a.yaml:2 a": policy_error: invalid_result'
    const built = await run(['policy', 'build', at('shapeless'), '-o', at('shapeless.tar.gz')])
    expect(built).toMatchObject({ exitCode: 1, err: expect.stringContaining(words) as string })
    const checked = await run(['policy', 'check', at('shapeless')])
    expect(checked).toMatchObject({ exitCode: 1, err: expect.stringContaining(words) as string })
  })

  test('eval explains which rules held, and where the others failed', async () => {
    const input = JSON.stringify({
      kind: 'tools/call',
      user: { roles: ['dev'] },
      tool: { name: 'database.backup', args: {} },
    })
    const asked = ['policy', 'eval', '--bundle', at('new-starter'), '--input', '-']
    const { out } = await run([...asked, '--explain'], { input })
    const report = JSON.parse(out) as { explain: unknown; fuel: number }
    expect(report.fuel).toBeGreaterThan(0)
    expect(report.explain).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ rule: 'pre', location: 'policy.rego:9', outcome: 'held' }),
        expect.objectContaining({ rule: 'has_role', outcome: 'failed', text: 'role in allowed' }),
      ]),
    )
    const bundle = await run(
      ['policy', 'eval', '--bundle', starterBundle, '--input', '-', '--explain'],
      { input },
    )
    expect(bundle.exitCode).toBe(2)
  })

  test('watch writes what passes, tells what does not, and leaves the bundle then', async () => {
    const watching = startWatching([
      ...['policy', 'watch', at('new-allow-list'), '-o', at('watched.tar.gz')],
    ])
    expect(await watching.line(/revision allow-list-1/)).toContain('watched.tar.gz')
    const first = readFileSync(at('watched.tar.gz'))
    const policy = join(at('new-allow-list'), 'policy.rego')
    const text = readFileSync(policy, 'utf8')
    writeFileSync(policy, `${text}\nbroken if {\n`)
    await watching.line(/policy\.rego:\d+: rego_parse_error/)
    writeFileSync(policy, text.replace('"not_allowed"', '"refused"'))
    await watching.line(/stays as it was/)
    expect(readFileSync(at('watched.tar.gz'))).toEqual(first)
    writeFileSync(policy, text.replace('# Nothing', '# Nothing at all'))
    await watching.line(/watched\.tar\.gz: revision/)
    expect(await watching.stop()).toBe(0)
    expect(readdirSync(folder).filter((name) => name.startsWith('watched'))).toHaveLength(1)
  })
})

const good = `cases:
  - name: a developer may not
    user: { id: a, roles: [dev] }
    call: { tool: database.backup }
    expect: { effect: deny, code: policy_deny, reason: role_mismatch, rules: [restricted-tools] }
  - name: an administrator may
    user: { id: b, roles: [dba] }
    call: { tool: database.backup }
    expect: { effect: allow, patched_args: {} }
  - name: fields are hidden
    call: { tool: employee_data, args: { id: 7 } }
    response: { structuredContent: { salary: 1, ssn: 123-45-6789 }, content: [{ type: text, text: '{"salary":1,"inner":"{\\"ssn\\":\\"123-45-6789\\"}"}' }] }
    expect: { effect: allow, result_contains: '****', result_not_contains: [salary, 123-45-6789] }
`

const bad = `cases:
  - name: wrong effect
    call: { tool: database.backup }
    expect: { effect: allow }
  - name: leaks <&">
    call: { tool: employee_data, args: { id: 7 } }
    response: { structuredContent: { name: Ann, salary: 1, ssn: 123-45-6789 } }
    expect: { effect: allow, result_not_contains: Ann }
`

async function bundleWith(name: string, cases: string): Promise<string> {
  const { files } = await unpackArchive(readFileSync(starterBundle), 1 << 24)
  const path = at(`${name}.tar.gz`)
  writeFileSync(path, packArchive([...files, ['cases/all.yaml', Buffer.from(cases)]]))
  return path
}
