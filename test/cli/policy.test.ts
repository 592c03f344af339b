import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { hasOpa } from '../support/opa.js'
import { run, starterBundle } from './run-command.js'

const folder = mkdtempSync(join(tmpdir(), 'portcullis-cli-'))
const broken = join(folder, 'broken.tar.gz')
writeFileSync(broken, 'not a bundle')
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const call = {
  kind: 'tools/call',
  hook: 'pre',
  user: { id: 'alice@org', roles: ['dev'], teams: [], authenticated: true, claims: {} },
  tool: { name: 'database.backup', args: {} },
}
const evalStarter = ['policy', 'eval', '--bundle', starterBundle, '--input', '-']

describe('policy inspect and check', () => {
  test('a bundle is described in words and as JSON', async () => {
    const words = await run(['policy', 'inspect', starterBundle])
    expect(words.out).toMatch(
      /revision +starter-1\ndigest +sha256:[0-9a-f]{64}\nentrypoints .*mcp\/pre/,
    )
    const json = await run(['policy', 'inspect', starterBundle, '--format', 'json'])
    expect(JSON.parse(json.out)).toMatchObject({ revision: 'starter-1', roots: ['mcp', 'starter'] })
    expect([words.exitCode, json.exitCode]).toEqual([0, 0])
  })

  test('a good bundle passes, also when warnings are failures', async () => {
    const { exitCode, out } = await run(['policy', 'check', starterBundle, '--strict'])
    expect(out).toContain('is fine: revision starter-1')
    expect(exitCode).toBe(0)
  })

  test.each([['check'], ['inspect']])(
    '%s says what is wrong with a file that is no bundle',
    async (verb) => {
      const { exitCode, err } = await run(['policy', verb, broken])
      expect(err).toContain('not a gzip-compressed tar')
      expect(exitCode).toBe(1)
    },
  )

  test('a file that is not there is named', async () => {
    const { exitCode, err } = await run(['policy', 'check', '/nope.tar.gz'])
    expect(err).toContain('/nope.tar.gz cannot be read (ENOENT)')
    expect(exitCode).toBe(1)
  })
})

describe('policy eval', () => {
  test('prints the decision with its rule, reason and time, and exits with 0', async () => {
    const { exitCode, out } = await run(evalStarter, { input: JSON.stringify(call) })
    expect(JSON.parse(out)).toMatchObject({
      effect: 'deny',
      code: 'policy_deny',
      reason: 'role_mismatch',
      rules: ['restricted-tools'],
      hook: 'pre',
      eval_ms: expect.any(Number) as number,
    })
    expect(exitCode).toBe(0)
  })

  test('--fail makes a refusal exit with 1, and leaves an allow at 0', async () => {
    const refused = await run([...evalStarter, '--fail'], { input: JSON.stringify(call) })
    const allowed = await run([...evalStarter, '--fail'], {
      input: JSON.stringify({ ...call, user: { ...call.user, roles: ['admin'] } }),
    })
    expect([refused.exitCode, allowed.exitCode]).toEqual([1, 0])
  })

  test('a document with a response is judged at post, with obligations as policy writes them', async () => {
    const { kind, user, tool } = call
    const response = { content: [{ type: 'text', text: '\u001B[31mALERT\u001B[0m' }] }
    const { out } = await run(evalStarter, {
      input: JSON.stringify({ kind, user, tool, response }),
    })
    expect(JSON.parse(out)).toMatchObject({
      hook: 'post',
      effect: 'allow',
      obligations: expect.arrayContaining([
        { replace: expect.objectContaining({ path: 'response.**', with: '' }) as object },
      ]) as object[],
    })
  })

  test('numbers reach policy as they are spelled', async () => {
    const input = '{"kind":"tools/call","tool":{"name":"temp.convert","args":{"temp":1e400}}}'
    const { out } = await run(evalStarter, { input })
    expect(JSON.parse(out)).toMatchObject({ effect: 'deny' })
  })

  test.each([
    ['{"kind":"a","kind":"b"}', /cannot be read: .*kind/],
    ['[]', /has to be a JSON object/],
    ['{}', /needs "kind"/],
    ['{"kind":"tools/call"}', /does not tell of a tools\/call/],
    ['{"kind":"ping","x":"\\ud800"}', /lone surrogate/],
    ['{"kind":"ping","hook":"last"}', /no hook last/],
    ['', /cannot be read/],
  ])('%j is refused in words', async (input, message) => {
    const { exitCode, out, err } = await run(evalStarter, { input })
    expect(err).toMatch(message)
    expect(exitCode).toBeGreaterThan(0)
    expect(out).toBe('')
  })

  test('a hook that contradicts the document is a usage error', async () => {
    const { exitCode } = await run([...evalStarter, '--hook', 'post'], {
      input: JSON.stringify(call),
    })
    expect(exitCode).toBe(2)
  })
})

describe('policy build', () => {
  const set = fileURLToPath(new URL('../../policies/starter', import.meta.url))

  test('without opa it says where to get it, and writes nothing', async () => {
    const output = join(folder, 'none.tar.gz')
    const { exitCode, err } = await run(['policy', 'build', set, '-o', output, '--opa', '/no/opa'])
    expect(err).toContain('OPA is not installed')
    expect(exitCode).toBe(1)
    expect(readdirSync(folder)).toEqual(['broken.tar.gz'])
  })

  test.runIf(hasOpa)('writes the bundle in one step and describes it', async () => {
    const output = join(folder, 'starter.tar.gz')
    const { exitCode, out } = await run(['policy', 'build', set, '-o', output, '--revision', 'r7'])
    expect(out).toContain('revision     r7')
    expect(exitCode).toBe(0)
    expect(readFileSync(output).subarray(0, 2)).toEqual(Buffer.from([0x1f, 0x8b]))
    expect(readdirSync(folder).sort()).toEqual(['broken.tar.gz', 'starter.tar.gz'])
  })
})
