import { z } from 'zod'
import type { BundleFile, BundleScope, Layer } from '../../domain/bundle.js'
import type { YamlValue } from '../yaml-document.js'
import { documentOf } from './file-document.js'
import { createReporter, type Findings, type Path, type Reporter } from './findings.js'
import { type CheckCondition, type Draft, type Entry, readDraft } from './rule-draft.js'
import { checkGlob } from './rule-match.js'
import type { RuleFile, RuleMode } from './rule.js'
import { type Outline, outlineSchema } from './rules-schema.js'
import { readBy } from './schema-faults.js'

/** A file of rules with each rule read by itself. */
export interface FileDraft extends Omit<RuleFile, 'rules'> {
  readonly mode: RuleMode
  /** What generated ids begin with. */
  readonly subject: string
  readonly drafts: readonly Draft[]
  readonly reporter: Reporter
}

export interface ReadingParts {
  readonly findings: Findings
  readonly check: CheckCondition
  /** How many rules the set may have besides those of the files before. */
  readonly room: number
}

/** Undefined where nothing of the file can be read. What is wrong is reported. */
export function readRuleFile(
  file: BundleFile,
  { findings, check, room }: ReadingParts,
): FileDraft | undefined {
  const document = documentOf(file, { mostBytes, content: 'rules', findings })
  if (document === undefined) return undefined
  const reporter = createReporter(findings, { name: file.name, document })
  const outline = outlineOf(document, reporter)
  const entries = entriesOf(outline)
  if (entries.length === 0 && outline.default !== 'deny' && !hasTests(outline)) {
    reporter.warn([], 'the file has no rules, so that it says nothing')
  }
  const areMany = entries.length > room
  if (areMany) reporter.fault([], 'with this file there are more than 20,000 rules')
  const drafts = (areMany ? [] : entries).map((entry) =>
    readDraft(entry, reporter.within(entry.path), check),
  )
  const scope = scopeOf(outline, reporter)
  return {
    name: file.name,
    layer: layerOf(scope),
    scope,
    default: outline.default ?? 'allow',
    mode: outline.mode ?? 'enforce',
    subject: outline.tool?.name ?? scope.tool ?? baseName(file.name),
    drafts: drafts.filter((draft) => draft !== undefined),
    reporter,
  }
}

const mostBytes = 8 * 1024 * 1024

/** Where the outline itself is wrong, what there is of it, so that the faults of its rules are found too. */
function outlineOf({ value }: YamlValue, reporter: Reporter): Outline {
  const outline = readBy(outlineSchema, value, reporter)
  if (outline === undefined) return salvageSchema.parse(value)
  if (outline.policies !== undefined && outline.tool?.policies !== undefined) {
    reporter.fault(['policies'], 'stands in "tool" as well: write one list')
  }
  const parts = [outline.rules, outline.policies, outline.tool, outline.tests, outline.default]
  if (parts.every((part) => part === undefined)) {
    reporter.fault([], 'the file has no rules: write "rules", "policies" or "default"')
  }
  return outline
}

const list = z.array(z.unknown()).optional().catch(undefined)
const policies = z.object({ input: list, output: list }).optional().catch(undefined)
const salvageSchema = z
  .object({
    rules: list,
    policies,
    tool: z.object({ name: z.string(), policies }).optional().catch(undefined),
  })
  .catch({})

function entriesOf({ rules = [], policies: top, tool }: Outline): readonly Entry[] {
  const entries = (path: Path, form: Entry['form'], raws: readonly unknown[] = []): Entry[] =>
    raws.map((raw, index) => ({ form, path: [...path, index], raw }))
  return [
    ...entries(['rules'], 'rule', rules),
    ...entries(['policies', 'input'], 'input', top?.input),
    ...entries(['policies', 'output'], 'output', top?.output),
    ...entries(['tool', 'policies', 'input'], 'input', tool?.policies?.input),
    ...entries(['tool', 'policies', 'output'], 'output', tool?.policies?.output),
  ]
}

function hasTests({ tests, tool }: Outline): boolean {
  return tests !== undefined || tool?.tests !== undefined
}

function scopeOf({ scope = {}, tool }: Outline, reporter: Reporter): BundleScope {
  const given: Record<string, string> = {}
  for (const [member, glob] of Object.entries(scope)) {
    if (glob === undefined) continue
    checkGlob(member, glob, ['scope', member], reporter)
    given[member] = glob
  }
  if (tool === undefined) return given
  if (tool.name.includes('*')) {
    reporter.fault(
      ['tool', 'name'],
      'is a name and no glob: write scope: {tool: …} instead of "tool"',
    )
  }
  if (scope.tool !== undefined) {
    reporter.fault(['scope', 'tool'], 'the file is about the tool of "tool" already')
  }
  return { ...given, tool: tool.name }
}

function layerOf({ tool, server, team, user }: BundleScope): Layer {
  if (tool !== undefined) return 'tool'
  if (server !== undefined) return 'server'
  return team !== undefined || user !== undefined ? 'team' : 'organisation'
}

/** `hr` of `rules/hr.yaml` */
function baseName(file: string): string {
  return file.replace(/^.*\//, '').replace(/\.ya?ml$/, '')
}
