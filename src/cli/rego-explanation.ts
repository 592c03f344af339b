import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative, sep } from 'node:path'
import { z } from 'zod'
import { createOpa, type Opa } from '../bundles/opa.js'

/** One body of one rule that was looked at for a decision. */
export interface ExplainedRule {
  readonly rule: string
  /** `file:row` of its head. */
  readonly location: string
  readonly outcome: 'held' | 'failed'
  /** `file:row` of the last condition that was looked at, where it failed. */
  readonly failedAt: string | undefined
  /** The source line there, or of the head. */
  readonly text: string
}

/**
 * Which rules of a policy set were looked at for this input, in the order of the sources: by OPA's own evaluator, which
 * says what it ran, as the compiled module does not.
 * @throws PolicySupplyError
 */
export async function explainRego(asked: {
  readonly set: string
  readonly opa: string
  readonly hook: string
  readonly document: Buffer
}): Promise<readonly ExplainedRule[]> {
  const opa = createOpa(asked.opa, asked.set)
  const clauses = (
    await Promise.all((await sourcesOf(asked.set)).map((file) => clausesOf(file, opa)))
  ).flat()
  const covered = await coverageOf(asked, opa)
  return clauses.flatMap((clause) => explained(clause, covered))
}

async function sourcesOf(set: string): Promise<readonly string[]> {
  const entries = await readdir(set, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(set, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((name) => name.endsWith('.rego') && !name.endsWith('_test.rego'))
    .sort()
}

interface Clause {
  readonly file: string
  readonly rule: string
  readonly head: Place
  readonly body: readonly Place[]
}

async function clausesOf(file: string, opa: Opa): Promise<readonly Clause[]> {
  const text = await opa.succeed(
    ...['parse', '--format', 'json', '--json-include', 'locations,-comments', `./${file}`],
  )
  const { rules } = parsedModule.parse(JSON.parse(text))
  return rules.flatMap((rule) => {
    const clauses: Clause[] = []
    const name = rule.head.ref.map(({ value }) => String(value)).join('.')
    for (let each: ParsedRule | undefined = rule; each !== undefined; each = each.else) {
      const body = each.body.flatMap(({ location }) => (location === undefined ? [] : [location]))
      const head = each.head.location
      if (head !== undefined) clauses.push({ file, rule: name, head, body })
    }
    return clauses
  })
}

async function coverageOf(
  { hook, document }: { readonly hook: string; readonly document: Buffer },
  opa: Opa,
): Promise<ReadonlyMap<string, readonly Place[]>> {
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-explain-'))
  try {
    const input = join(folder, 'input.json')
    await writeFile(input, document)
    const text = await opa.succeed(
      ...['eval', '--coverage', '--coverage-runs', '', '--format', 'json', '--bundle', '.'],
      ...['--ignore', '*_test.rego', '--input', input, `data.mcp.${hook}`],
    )
    const { files } = coverage.parse(JSON.parse(text)).coverage
    return new Map(
      Object.entries(files).map(([file, { covered }]) => [
        file.replace(/^\.?\//, ''),
        covered.map(({ start }) => start),
      ]),
    )
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function explained(
  { file, rule, head, body }: Clause,
  covered: ReadonlyMap<string, readonly Place[]>,
): readonly ExplainedRule[] {
  const places = covered.get(file) ?? []
  const isCovered = (place: Place): boolean =>
    places.some(({ row, col }) => row === place.row && col === place.col)
  const location = `${file}:${head.row}`
  if (isCovered(head)) {
    return [{ rule, location, outcome: 'held', failedAt: undefined, text: textOf(head) }]
  }
  const last = body.filter(isCovered).at(-1)
  if (last === undefined) return []
  const failedAt = `${file}:${last.row}`
  return [{ rule, location, outcome: 'failed', failedAt, text: textOf(last) }]
}

/** The first line of the source there. */
function textOf({ text }: Place): string {
  return Buffer.from(text, 'base64').toString().split('\n')[0] ?? ''
}

/** `text` is the source, in base64. */
const place = z.object({ row: z.number(), col: z.number(), text: z.string().default('') })

type Place = z.infer<typeof place>

const coverage = z.object({
  coverage: z.object({
    files: z
      .record(z.string(), z.object({ covered: z.array(z.object({ start: place })).default([]) }))
      .default({}),
  }),
})

interface ParsedRule {
  readonly head: {
    readonly location?: Place | undefined
    readonly ref: readonly { readonly value?: unknown }[]
  }
  readonly body: readonly { readonly location?: Place | undefined }[]
  readonly else?: ParsedRule | undefined
}

const parsedRule: z.ZodType<ParsedRule> = z.lazy(() =>
  z.object({
    head: z.object({
      location: place.optional(),
      ref: z.array(z.object({ value: z.unknown() })),
    }),
    body: z.array(z.object({ location: place.optional() })),
    else: parsedRule.optional(),
  }),
)

const parsedModule = z.object({ rules: z.array(parsedRule).default([]) })
