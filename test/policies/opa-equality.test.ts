import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { openUnverified } from '../../src/bundles/open-bundle.js'
import { buildBundle } from '../../src/bundles/build.js'
import type { Hook } from '../../src/domain/decision.js'
import { compilePolicy } from '../../src/policy/compile.js'
import { parseDecision, parseNames } from '../../src/policy/parse-decision.js'
import { createObligationParser } from '../../src/policy/parse-obligations.js'
import { createPatterns } from '../../src/policy/patterns.js'
import { RegoFault } from '../../src/policy/rego-fault.js'
import { otherCall } from '../policy/fixtures.js'
import { hasOpa } from '../support/opa.js'
import { createRandom, type Random } from '../support/random.js'

const root = fileURLToPath(new URL('../../', import.meta.url))
const sets = [
  'policies/starter',
  'policies/templates/allow-list',
  'policies/templates/bounds',
  'policies/templates/redact',
  ...['gateway', 'guarded', 'desktop', 'lists'].map((name) => `test/fixtures/policies/${name}`),
]
const inputs = 1_000
const folder = mkdtempSync(join(tmpdir(), 'portcullis-equality-'))
const patterns = createPatterns()
const obligations = createObligationParser(patterns)
afterAll(async () => {
  await patterns.close()
  rmSync(folder, { recursive: true })
})

describe.runIf(hasOpa)('a compiled policy decides as opa eval does', () => {
  test.each(sets)('%s', async (set) => {
    const { archive } = await buildBundle({ set: join(root, set), opa: 'opa' })
    const policy = await compilePolicy(await openUnverified(archive, 1 << 24), {
      patterns,
      classify: () => 'unknown',
      limits: { maxInputBytes: 1 << 20, budgetMs: 25 },
      largeInput: { calls: 'deny', responses: 'deny' },
    })
    const random = createRandom(11)
    const hooks = (['pre', 'post', 'list'] as const).filter((hook) => policy.hooks[hook])
    const outcomes = new Set<string>()
    for (const hook of hooks) {
      const documents = Array.from({ length: inputs }, () => documentFor(hook, random))
      const said = askOpa(join(root, set), hook, documents)
      documents.forEach((input, index) => {
        const { kind } = input
        const document = Buffer.from(JSON.stringify(input))
        const asked = {
          hook,
          call: otherCall(kind),
          time: 0,
          actionClass: 'unknown',
          document,
        } as const
        const decision = hook === 'list' ? policy.list(asked) : policy.evaluate(asked)
        const expected = readAs(hook, said.get(index), kind, policy.revision)
        expect(asText(decision), `${hook} ${document.toString()}`).toBe(asText(expected))
        outcomes.add(JSON.stringify([decision.effect, 'names' in decision ? decision.names : '']))
      })
    }
    expect(outcomes.size).toBeGreaterThan(set.endsWith('redact') ? 0 : 1)
  })
})

/** What OPA's own evaluator gives for each input; nothing where it leaves the rule undefined. */
function askOpa(set: string, hook: Hook, documents: readonly object[]): Map<number, unknown> {
  const data = join(folder, 'inputs.json')
  writeFileSync(data, JSON.stringify({ inputs: documents }))
  const query = `[{"n": n, "said": said} | some n, asked in data.inputs; said := data.mcp.${hook} with input as asked]`
  const flags = ['--bundle', '.', '--ignore', '*_test.rego', '--ignore', '*.tar.gz', '--data', data]
  const text = execFileSync('opa', ['eval', '--format', 'json', ...flags, query], {
    cwd: set,
    maxBuffer: 1 << 28,
  }).toString()
  const { result } = JSON.parse(text) as {
    result: [{ expressions: [{ value: { n: number; said: unknown }[] }] }]
  }
  return new Map(result[0].expressions[0].value.map(({ n, said }) => [n, said]))
}

function readAs(hook: Hook, said: unknown, kind: string, revision: string) {
  if (hook === 'list') return parseNames(said, revision)
  try {
    return parseDecision(said, { hook, kind, revision, obligations })
  } catch (thrown) {
    if (!(thrown instanceof RegoFault)) throw thrown
    return { effect: 'deny', fault: thrown.cause }
  }
}

/** Members in one order, and names of lists too: sets have none. */
function asText(decision: object): string {
  return JSON.stringify(decision, (key, value: unknown) => {
    if (key === 'names' && Array.isArray(value)) return [...(value as string[])].sort()
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
    return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
  })
}

const kinds = [
  ...(['tools/call', 'tools/call', 'tools/call', 'initialize', 'ping', 'resources/read'] as const),
  ...(['prompts/get', 'tools/list', 'logging/setLevel', 'roots/list', 'x/unknown'] as const),
  ...(['notifications/initialized', 'notifications/message', 'tasks/result'] as const),
] as const
const lists = ['tools/list', 'prompts/list', 'resources/list', 'resources/templates/list'] as const
const tools = [
  ...(['weather.get', 'temp.convert', 'database.backup', 'employee_data', 'forbidden'] as const),
  ...(['größe', '', '__proto__', 'constructor', 'WEATHER.GET'] as const),
] as const

function documentFor(hook: Hook, random: Random) {
  const kind = hook === 'list' ? random.oneOf(lists) : random.oneOf(kinds)
  return {
    kind,
    hook,
    user: {
      id: 'u',
      roles: random.oneOf([[], ['admin'], ['dba', 'dev'], ['hr'], ['editor'], ['Admin']]),
    },
    headers: {},
    ...subjectOf(kind, random),
    ...(hook === 'post' ? { response: random.oneOf(responses) } : {}),
    ...(hook === 'list'
      ? { items: tools.map((name) => ({ name, uri: name, uriTemplate: name })) }
      : {}),
  }
}

function subjectOf(kind: string, random: Random) {
  if (kind === 'tools/call') return { tool: { name: random.oneOf(tools), args: argsOf(random) } }
  if (kind.startsWith('resources/')) return { resource: { uri: random.oneOf(uris) } }
  if (kind.startsWith('prompts/')) return { prompt: { name: 'greet', args: argsOf(random) } }
  return { params: random.oneOf<object>([{}, { level: 'debug' }, { level: 'info' }]) }
}

const uris = ['file:///etc/passwd', 'file:///home/x', 'file:///srv/secret/a', ''] as const
const values = [
  0,
  -500,
  20,
  99999,
  1e308,
  -273,
  -273.5,
  10000.5,
  '20',
  '',
  null,
  true,
  [],
  {},
  [1],
] as const
const responses = [
  { content: [{ type: 'text', text: 'ok' }] },
  { error: { code: 1, message: 'x' } },
  {},
  { structuredContent: { salary: 1, ssn: '123' } },
] as const

function argsOf(random: Random): Record<string, unknown> {
  const names = ['temp', 'value', 'city', 'amount', 'who', 'n'] as const
  const args: Record<string, unknown> = {}
  for (const name of names) if (random.below(2) === 0) args[name] = random.oneOf(values)
  if (random.below(3) === 0)
    args['city'] = random.oneOf(['Berlin', 'São Paulo', 'x; drop', 'a'.repeat(100)])
  return args
}
