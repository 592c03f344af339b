import { z } from 'zod'
import type { BundleFile } from '../domain/bundle.js'
import type { PolicyCase } from '../domain/policy-case.js'
import { readCaseFile, refuseCase, refuseSameNames } from './case-file.js'
import { caseOf, principalOf } from './case-parts.js'
import { ruleTestSchema, type RuleTestText } from './rule-tests-schema.js'
import { createFindings } from './rules/findings.js'

/**
 * The `tests` of rules files, at the top or in `tool`, in the order of the files. A file that cannot be read has none:
 * whoever reads its rules tells everything that is wrong with it, tests included.
 * @throws PolicySupplyError `check` for tests without a tool and for names that stand twice
 */
export function readRuleTests(files: readonly BundleFile[]): readonly PolicyCase[] {
  return files.filter(mayHaveTests).flatMap(readFile)
}

/** Reading large files a second time takes long. Only an escape could spell the key in another way. */
function mayHaveTests({ text }: BundleFile): boolean {
  return /tests|\\[xuU\r\n]/.test(text.toString('latin1'))
}

function readFile(file: BundleFile): readonly PolicyCase[] {
  const terms = {
    mostBytes: file.text.length,
    content: 'rules',
    findings: createFindings(),
  } as const
  const read = readCaseFile(file, partOfRules, terms)
  if (read === undefined) return []
  const { value, placeOf } = read
  const own = namedTool(value.tool?.name) ?? namedTool(value.scope?.tool)
  const tests = [
    ...(value.tests ?? []).map((test, at) => ({ test, path: ['tests', at] })),
    ...(value.tool?.tests ?? []).map((test, at) => ({ test, path: ['tool', 'tests', at] })),
  ]
  const cases = tests.map(({ test, path }) => {
    const { line, column } = placeOf(path)
    const tool = test.tool ?? own
    if (tool !== undefined) return testedCase(test, tool, `${file.name}:${line}`)
    const place = `${file.name}:${line}:${column}`
    throw refuseCase(place, `${path.join('.')}: say with "tool" which tool is called`)
  })
  refuseSameNames(cases)
  return cases
}

/** A glob names no tool. */
function namedTool(name: string | undefined): string | undefined {
  return name?.includes('*') === true ? undefined : name
}

function testedCase(test: RuleTestText, tool: string, place: string): PolicyCase {
  const { user_context: user, expect, ...others } = test
  const contains = [...(expect?.result_contains ?? []), ...test.result_contains]
  const lacks = [...(expect?.result_not_contains ?? []), ...test.result_not_contains]
  const args = test.arguments ?? test.args ?? {}
  return caseOf({
    ...others,
    place,
    hook: undefined,
    user: principalOf(user, 'trusted-headers'),
    call: { method: 'tools/call', params: { name: tool, arguments: args } },
    tool: test,
    expect: { ...expect, result_contains: contains, result_not_contains: lacks },
  })
}

const tests = z.array(ruleTestSchema).optional()

/** The rest is checked by whoever reads the rules. */
const partOfRules = z.looseObject({
  tests,
  tool: z.looseObject({ name: z.string().optional(), tests }).optional(),
  scope: z.looseObject({ tool: z.string().optional() }).optional(),
})
