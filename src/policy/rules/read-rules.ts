import type { BundleFile } from '../../domain/bundle.js'
import type { Patterns } from '../../domain/ports.js'
import { compileCondition } from '../cel/compile.js'
import { CelFault } from '../cel/condition.js'
import { createPatterns } from '../patterns.js'
import { createFindings, type Findings, shown } from './findings.js'
import { lintFields } from './lint-fields.js'
import { lintRules, type ReadFile, type ReadRule } from './lint-rules.js'
import { readSchemas } from './read-schemas.js'
import { actionOf, type CheckPattern } from './rule-action.js'
import type { CheckCondition, ConditionFault, CheckedCondition, Draft } from './rule-draft.js'
import { type FileDraft, readRuleFile } from './rule-file.js'
import { hookOf } from './rule-hook.js'
import { checkKinds, kindsOf } from './rule-kinds.js'
import { matchOf } from './rule-match.js'
import type { RuleFile, RuleMode, RuleSet } from './rule.js'
import { idsOf } from './short-ids.js'

export interface ReadRules {
  readonly rules: RuleSet
  readonly warnings: readonly RuleWarning[]
}

export interface RuleWarning {
  /** `rules/hr.yaml:12:5` */
  readonly place: string
  readonly message: string
}

/**
 * Reads and checks a set of rules.
 * @param files `rules.yaml` and `rules/*.yaml`
 * @param schemas `schemas/TOOL.json`
 * @throws PolicySupplyError `check`, with every fault (at most 20), each a line with file, line and column
 */
export function readRules(files: readonly BundleFile[], schemas: readonly BundleFile[]): ReadRules {
  const findings = createFindings()
  const patterns = createPatterns()
  const checkCondition = createConditionCheck(patterns)
  const checkPattern = (source: string) => patterns.compile(source)
  const drafted = readFiles(files, findings, checkCondition)
  const ids = createIds(drafted, findings)
  const read = drafted.map((file) => fileOf(file, ids, checkPattern))
  const { sensitive, outputs } = readSchemas(schemas, findings)
  findings.throwFaults()
  for (const each of read) {
    lintRules(each)
    lintFields(each, outputs)
  }
  return {
    rules: { files: read.map(({ file }) => file).toSorted(inPrecedence), sensitive },
    warnings: findings.warnings,
  }
}

const mostRules = 20_000

function readFiles(
  files: readonly BundleFile[],
  findings: Findings,
  check: CheckCondition,
): readonly FileDraft[] {
  const drafted: FileDraft[] = []
  let room = mostRules
  for (const file of files) {
    const draft = readRuleFile(file, { findings, check, room })
    if (draft === undefined) continue
    drafted.push(draft)
    room -= draft.drafts.length
  }
  return drafted
}

/** Many rules have the same condition: each is compiled once. */
function createConditionCheck(patterns: Patterns): CheckCondition {
  const known = new Map<string, CheckedCondition | ConditionFault>()
  return (source) => {
    const checked = known.get(source) ?? checkedCondition(source, patterns)
    known.set(source, checked)
    return checked
  }
}

function checkedCondition(source: string, patterns: Patterns): CheckedCondition | ConditionFault {
  try {
    const { reads, constant } = compileCondition(source, patterns)
    return { reads, constant }
  } catch (thrown) {
    if (!(thrown instanceof CelFault)) throw thrown
    return { message: thrown.message, offset: thrown.offset }
  }
}

/** The id of each draft. One that is taken is reported. */
function createIds(files: readonly FileDraft[], findings: Findings): ReadonlyMap<Draft, string> {
  const named = files.flatMap(({ name: file, subject, drafts }) =>
    drafts.map((draft) => ({ file, subject, draft })),
  )
  const taken = new Map<string, Draft>()
  const ids = idsOf(named)
  for (const [index, { draft }] of named.entries()) {
    const id = ids[index] ?? ''
    const first = taken.get(id)
    if (first === undefined) taken.set(id, draft)
    else reportTaken(id, first, draft, findings)
  }
  return new Map(named.map(({ draft }, index) => [draft, ids[index] ?? '']))
}

function reportTaken(
  id: string,
  first: Draft,
  { text, reporter }: Draft,
  findings: Findings,
): void {
  const there = shown(first.reporter.placeOf([]))
  if (text.id !== undefined) reporter.fault(['id'], `"${id}" is taken by the rule of ${there}`)
  else findings.fault(reporter.placeOf([]), `the same rule stands in ${there}: remove one`)
}

function fileOf(
  file: FileDraft,
  ids: ReadonlyMap<Draft, string>,
  checkPattern: CheckPattern,
): ReadFile {
  const rules = file.drafts
    .flatMap((draft) => ruleOf(draft, ids.get(draft) ?? '', file.mode, checkPattern))
    // ids are ASCII, so that this is the order of their bytes
    .toSorted((left, right) => (left.rule.id < right.rule.id ? -1 : 1))
  const { name, layer, scope, default: standing, mode } = file
  return {
    file: { name, layer, scope, default: standing, mode, rules: rules.map(({ rule }) => rule) },
    rules,
  }
}

/** One rule, or none where something of it cannot be. */
function ruleOf(
  draft: Draft,
  id: string,
  fileMode: RuleMode,
  checkPattern: CheckPattern,
): readonly ReadRule[] {
  const { text, reporter } = draft
  const hook = hookOf(draft)
  const kinds = kindsOf(draft, hook)
  checkKinds(draft, hook, kinds)
  const match = matchOf(text.match, kinds, reporter)
  const action = actionOf(draft, hook, checkPattern)
  if (action === undefined) return []
  const { when, reason = '', labels = {} } = text
  const place = shown(reporter.placeOf([]))
  const mode = weaker(fileMode, text.mode ?? 'enforce')
  return [{ draft, rule: { id, place, hook, match, when, mode, reason, labels, action } }]
}

const modes: readonly RuleMode[] = ['enforce', 'warn', 'audit-only']

function weaker(left: RuleMode, right: RuleMode): RuleMode {
  return modes.indexOf(left) > modes.indexOf(right) ? left : right
}

const layers: readonly RuleFile['layer'][] = ['organisation', 'team', 'server', 'tool']

function inPrecedence(left: RuleFile, right: RuleFile): number {
  const byLayer = layers.indexOf(left.layer) - layers.indexOf(right.layer)
  return byLayer || inByteOrder(left.name, right.name)
}

function inByteOrder(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right))
}
