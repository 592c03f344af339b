import { createGlob } from '../../domain/glob.js'
import { suggestion } from '../../domain/nearest.js'
import { knownMethods, methodRow, type MethodRow } from '../../wire/methods.js'
import type { Path, Reporter } from './findings.js'
import { writtenRoot } from './patch-root.js'
import type { Draft } from './rule-draft.js'

/** The kinds of calls that a rule without `match.kind` is about, where nothing in it is of one kind only. */
export const callKinds: readonly string[] = [
  'tools/call',
  'resources/read',
  'resources/subscribe',
  'prompts/get',
  'completion/complete',
]

/** What `match.kind` says; else the kinds that have what the rule names. */
export function kindsOf({ form, text, condition }: Draft, hook: 'pre' | 'post'): readonly string[] {
  if (form !== 'rule') return ['tools/call']
  const { match = {} } = text
  if (match.kind !== undefined) return [match.kind].flat()
  const reads = (root: 'tool' | 'args' | 'resource' | 'prompt') =>
    condition?.reads.has(root) === true
  const isOfTools =
    match.tool !== undefined || match.action_class !== undefined || reads('tool') || reads('args')
  const kinds: string[] = []
  if (isOfTools || (hook === 'pre' && changesArguments(text))) kinds.push('tools/call')
  if (match.resource !== undefined || reads('resource')) {
    kinds.push('resources/read', 'resources/subscribe')
  }
  if (match.prompt !== undefined || reads('prompt')) kinds.push('prompts/get')
  return kinds.length === 0 ? callKinds : kinds
}

/** Reports kinds that no call has, and those without what the rule matches or changes. */
export function checkKinds(draft: Draft, hook: 'pre' | 'post', kinds: readonly string[]): void {
  const { text, reporter, keys } = draft
  const [named, another] = targets.filter((target) => text.match?.[target] !== undefined)
  if (named !== undefined && another !== undefined) {
    reporter.fault(['match', another], `what has a ${named} has no ${another}: write two rules`)
    return
  }
  const written = hook === 'pre' ? writtenBefore(text) : undefined
  const given = text.match?.kind
  if (given !== undefined) checkNames(kinds, reporter)
  else if (written === undefined) return
  const rows = rowsOf(kinds)
  if (rows === undefined) return
  if (named !== undefined && !rows.some(({ target }) => target === named)) {
    reporter.fault(['match', named], `${kinds.join(', ')} has no ${named}: the rule never fits`)
  }
  if (written === undefined || rows.every(({ writable }) => writable === written)) return
  reporter.fault([keys.effect], adviceOn(written))
}

const targets = ['tool', 'resource', 'prompt'] as const

/** What a rule changes before the call is sent. */
function writtenBefore(text: Draft['text']): 'args' | 'params' | undefined {
  const root = changesArguments(text) ? 'args' : writtenRoot(text.patch)
  return root === 'response' ? undefined : root
}

function adviceOn(root: 'args' | 'params'): string {
  return root === 'args'
    ? 'only tools/call and prompts/get have arguments: name one of them in match.kind'
    : `${root} can be patched where match.kind names methods without arguments`
}

/** The rows of the protocol's methods that the kinds stand for; undefined where a kind is none of them. */
function rowsOf(kinds: readonly string[]): readonly MethodRow[] | undefined {
  const rows = kinds.flatMap((kind) => knownMethods().filter(createGlob(kind)).map(methodRow))
  const known = rows.filter((row) => row !== undefined)
  const areKnown = kinds.every((kind) => knownMethods().some(createGlob(kind)))
  return areKnown ? known : undefined
}

function changesArguments({ effect }: Draft['text']): boolean {
  return effect === 'filter_fields' || effect === 'mask_fields' || effect === 'replace'
}

function checkNames(kinds: readonly string[], reporter: Reporter): void {
  const path: Path = ['match', 'kind']
  for (const kind of kinds) {
    if (knownMethods().some(createGlob(kind))) continue
    const meant = suggestion(kind, knownMethods())
    // An extension of the protocol may have methods of its own; what looks like a known one is meant to be it.
    if (meant === '') reporter.warn(path, `no method that is known here is called "${kind}"`)
    else reporter.fault(path, `there is no method "${kind}"${meant}`)
  }
}
