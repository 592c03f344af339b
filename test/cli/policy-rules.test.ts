import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { run } from './run-command.js'

const folder = mkdtempSync(join(tmpdir(), 'portcullis-rules-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const set = join(folder, 'set')
const at = (name: string): string => join(set, name)

function write(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(at(name)), { recursive: true })
    writeFileSync(at(name), text)
  }
}

const good = {
  'rules.yaml':
    'rules:\n' +
    '  - { id: no-pay, match: { tool: pay }, effect: deny, reason: no }\n' +
    '  - { id: hide, match: { tool: hr }, effect: filter_sensitive, mode: audit-only }\n',
  'rules/git.yaml': 'scope: { server: git }\nrules:\n  - { id: seen, effect: audit }\n',
  'schemas/hr.json':
    '{"type": "object", "properties": {"salary": {"type": "number", "sensitive": true}}}',
  'cases/a.yaml': 'cases:\n  - { name: nobody pays, call: { tool: pay }, expect: deny }\n',
}
const doubtful = 'rules:\n  - { id: never, when: 1 > 2, effect: deny, reason: no }\n'
const noOpa = ['--opa', '/no/opa']

beforeEach(() => rmSync(set, { recursive: true, force: true }))

describe('a set of rules', () => {
  test('is checked without opa', async () => {
    write(good)
    const { exitCode, out, err } = await run(['policy', 'check', set, ...noOpa])
    expect([exitCode, err]).toEqual([0, ''])
    expect(out).toMatch(/set is fine: revision [0-9a-f]{12}, 3 rules\n/)
  })

  test('is built without opa, the same bytes every time, and shown with its rules', async () => {
    write(good)
    const [one, other] = [join(folder, 'one.tar.gz'), join(folder, 'other.tar.gz')]
    const { exitCode, out } = await run(['policy', 'build', set, '-o', one, ...noOpa])
    expect(exitCode).toBe(0)
    expect(out).toContain('3 in 2 files')
    await run(['policy', 'build', set, '-o', other, ...noOpa])
    expect(readFileSync(other).equals(readFileSync(one))).toBe(true)

    const shown = (await run(['policy', 'inspect', one])).out
    for (const words of [
      'entrypoints  none\n',
      'rules.yaml (organisation)',
      'no-pay: deny at pre',
      'hide: filter_sensitive at post, on trial: audit-only',
      'rules/git.yaml (server)',
      'seen: audit at pre',
      'schemas      hr\n',
      'cases        1\n',
    ]) {
      expect(shown).toContain(words)
    }
    const json = JSON.parse(
      (await run(['policy', 'inspect', one, '--format', 'json'])).out,
    ) as object
    expect(json).toMatchObject({
      schemas: ['hr'],
      rules: [
        { name: 'rules.yaml', layer: 'organisation', rules: [{ id: 'hide' }, { id: 'no-pay' }] },
        { name: 'rules/git.yaml', layer: 'server', rules: [{ id: 'seen', hook: 'pre' }] },
      ],
    })
  })

  test('that is bad is refused with every fault, each with file, line and column', async () => {
    write({
      'rules.yaml':
        'rules:\n  - { id: a, efect: deny }\n  - { id: b, effect: deny, when: "1 +" }\n',
      'rules/more.yaml': 'rules:\n  - { id: c, effect: deny, when: "1 + 1" }\n',
    })
    for (const command of [
      ['check', set],
      ['build', set, '-o', join(folder, 'bad.tar.gz')],
    ]) {
      const { exitCode, err } = await run(['policy', ...command, ...noOpa])
      expect(exitCode).toBe(1)
      expect(err).toMatch(/rules\.yaml:2:\d+: .*efect/)
      expect(err).toMatch(/rules\.yaml:3:\d+: /)
      expect(err).toMatch(/rules\/more\.yaml:2:\d+: /)
    }
  })

  test('that keeps clients out is warned of with the rule that does', async () => {
    const rule = '{ id: closed, match: { kind: "*" }, effect: deny, reason: shut }'
    write({ 'rules.yaml': `rules:\n  - ${rule}\n` })
    const { err } = await run(['policy', 'check', set, ...noOpa])
    expect(err).toContain(
      'warning: closed does not pass initialize for an anonymous user (deny: shut): clients cannot connect\n',
    )
  })

  test('that is doubtful is warned of, which --strict takes for a failure', async () => {
    write({ 'rules.yaml': doubtful })
    const lenient = await run(['policy', 'check', set, ...noOpa])
    expect(lenient.err).toMatch(/^warning: rules\.yaml:2:\d+: /)
    expect(lenient.exitCode).toBe(0)
    const strict = await run(['policy', 'check', set, '--strict', ...noOpa])
    expect([strict.exitCode, strict.err]).toEqual([1, lenient.err])
    expect(strict.out).toContain('fails (--strict)')
  })
})

describe('a folder of rules with names of its own', () => {
  const loose = { 'hr.yaml': 'rules:\n  - { id: closed, match: { tool: hr }, effect: deny }\n' }

  test('is checked and shown as a gateway reads it', async () => {
    write(loose)
    const checked = await run(['policy', 'check', set, ...noOpa])
    expect([checked.exitCode, checked.err]).toEqual([0, ''])
    expect(checked.out).toMatch(/, 1 rule\n$/)
    const shown = await run(['policy', 'inspect', set])
    expect(shown.out).toContain('hr.yaml (organisation)')
  })

  test.each([
    ['hr.yaml', loose['hr.yaml']],
    ['teams/hr.yml', loose['hr.yaml']],
    ['teams/cases/hr.yaml', 'cases: [{ name: a, call: { tool: t } }]'],
    ['teams/schemas/hr.json', '{}'],
  ])('is not built without %s, which its bundle would not have', async (name, text) => {
    write({ ...good, [name]: text })
    const output = join(folder, 'loose.tar.gz')
    const { exitCode, err } = await run(['policy', 'build', set, '-o', output, ...noOpa])
    expect(err).toContain(`The policy set has ${name}, which its bundle would not have`)
    expect(exitCode).toBe(1)
  })
})

describe('policy inspect', () => {
  test('takes a rules file too', async () => {
    write(good)
    const { exitCode, out } = await run(['policy', 'inspect', at('rules.yaml')])
    expect(out).toContain('no-pay: deny at pre')
    expect(exitCode).toBe(0)
  })
})

describe('policy new --template rules', () => {
  test('begins a set that holds its own cases and that editors can check', async () => {
    const { exitCode, out, err } = await run(['policy', 'new', set, '--template', 'rules'])
    expect(exitCode).toBe(0)
    expect(out.split('\n')).toEqual(
      ['cases/rules.yaml', 'rules.schema.json', 'rules.yaml'].map(at).concat(''),
    )
    expect(err).toContain(`portcullis serve --demo --policy-rules ${set}`)
    expect(readFileSync(at('rules.yaml'), 'utf8')).toMatch(
      /^# yaml-language-server: \$schema=rules\.schema\.json\n/,
    )
    expect(JSON.parse(readFileSync(at('rules.schema.json'), 'utf8'))).toMatchObject({
      title: 'Rules of Portcullis',
    })
    const checked = await run(['policy', 'check', set, '--strict', ...noOpa])
    expect([checked.exitCode, checked.err]).toEqual([0, ''])
    const tested = await run(['policy', 'test', set])
    expect(tested.out).toMatch(/cases: 7 passed, 0 failed/)
    expect(tested.exitCode).toBe(0)
  })
})

describe('check of POLICY_RULES_PATH', () => {
  const check = (env: Readonly<Record<string, string>>) => run(['check', '--demo'], { env })

  test('loads the rules as serve would', async () => {
    write(good)
    const { exitCode, out } = await check({ POLICY_RULES_PATH: set })
    expect(out).toMatch(/^rules .*set are fine: revision [0-9a-f]{12}\n/)
    expect(exitCode).toBe(0)
  })

  test('says what is wrong with them, and what is doubtful', async () => {
    write({ 'rules.yaml': 'rules: [{ id: a, effect: no }]\n' })
    const bad = await check({ POLICY_RULES_PATH: at('rules.yaml') })
    expect(bad.err).toMatch(/fault: .*rules\.yaml:1:\d+: /)
    expect(bad.exitCode).toBe(78)
    write({ 'rules.yaml': doubtful })
    const fine = await check({ POLICY_RULES_PATH: at('rules.yaml') })
    expect(fine.err).toMatch(/warning: rules\.yaml:2:\d+: /)
    expect(fine.exitCode).toBe(0)
    const absent = await check({ POLICY_RULES_PATH: at('none'), POLICY_MODE: 'enforce' })
    expect(absent.err).toMatch(
      /fault: There is no rules file or folder at .*every call would be refused/,
    )
    expect(absent.exitCode).toBe(78)
  })
})
