import type { CompiledFile, CompiledRule } from './compiled-rule.js'
import type { Subject } from './matchers.js'
import type { RuleMode } from './rule.js'
import { callKinds } from './rule-kinds.js'
import { createSeatCache } from './seat-cache.js'

/** Finds the rules that calls of one kind, server and name can be under, so that other rules cost nothing. */
export interface RuleIndex {
  /** Every rule of the hook. */
  rules(hook: RuleHook): readonly CompiledRule[]
  /** The files with something to say of such calls, in the order in which they are asked. */
  seats(hook: RuleHook, subject: Subject): readonly Seat[]
}

export type RuleHook = 'pre' | 'post'

/** One file, and those of its rules that a call can be under. */
export interface Seat {
  readonly file: CompiledFile
  /** By id. */
  readonly rules: readonly CompiledRule[]
  /** Set where a call that no rule allows is denied: how strictly. */
  readonly refuses: RuleMode | undefined
}

/** Rules are put in one by one, in their order, so that others can have their turn meanwhile. */
export interface RuleIndexBuilder {
  add(rule: CompiledRule): void
  finish(): RuleIndex
}

export function createRuleIndex(files: readonly CompiledFile[]): RuleIndexBuilder {
  const pools = { pre: createPool(), post: createPool() }
  const caches = { pre: createSeatCache(), post: createSeatCache() }

  function seats(hook: RuleHook, subject: Subject): readonly Seat[] {
    const key = keyOf(subject)
    const known = caches[hook].get(key)
    if (known !== undefined) return known
    const found = seatsOf(files, pools[hook].rulesFor(subject), hook, subject)
    caches[hook].keep(key, found)
    return found
  }

  return {
    add: (rule) => pools[rule.rule.hook].add(rule),
    finish: () => ({ rules: (hook) => pools[hook].everything, seats }),
  }
}

/** Unambiguous: the configuration names servers in one line, and what has a name of its own has a method that is known. */
function keyOf({ kind, server, type, name }: Subject): string {
  const head = `${type}\n${server}\n${kind}`
  return name === undefined ? head : `${head}\n${name}`
}

interface Pool {
  readonly everything: readonly CompiledRule[]
  add(rule: CompiledRule): void
  rulesFor(subject: Subject): readonly CompiledRule[]
}

/**
 * Rules by the names that they spell out, or by how the names begin that they are about. Those about any name, or about
 * its end, are looked at each time.
 */
function createPool(): Pool {
  const exact = new Map<string, CompiledRule[]>()
  const prefixed = new Map<string, CompiledRule[]>()
  const lengths = new Set<number>()
  const others: CompiledRule[] = []
  const everything: CompiledRule[] = []

  function add(rule: CompiledRule): void {
    everything.push(rule)
    const named = namesOf(rule)
    if (named === undefined) {
      others.push(rule)
      return
    }
    for (const name of named.names) {
      const star = name.indexOf('*')
      if (star !== -1) lengths.add(star)
      if (star === -1) append(exact, `${named.type} ${name}`, rule)
      else append(prefixed, `${named.type} ${name.slice(0, star)}`, rule)
    }
  }

  function rulesFor(subject: Subject): readonly CompiledRule[] {
    const { type, name } = subject
    if (name === undefined) return everything.filter((rule) => rule.fitsSubject(subject))
    const found = new Set(others)
    for (const rule of exact.get(`${type} ${name}`) ?? []) found.add(rule)
    for (const length of lengths) {
      for (const rule of prefixed.get(`${type} ${name.slice(0, length)}`) ?? []) found.add(rule)
    }
    const fitting = [...found].filter((rule) => rule.fitsSubject(subject))
    return fitting.sort((one, other) => one.order - other.order)
  }

  return { everything, add, rulesFor }
}

interface Named {
  readonly type: Subject['type']
  readonly names: readonly string[]
}

/** Under what the rule can be found; undefined where it has to be looked at for any name. */
function namesOf({ rule, file }: CompiledRule): Named | undefined {
  const { tool, resource, prompt } = rule.match
  const { tool: scope } = file.file.scope
  const lists = { tool: tool ?? (scope === undefined ? undefined : [scope]), resource, prompt }
  for (const type of ['tool', 'resource', 'prompt'] as const) {
    const names = lists[type]
    if (names?.every((name) => !name.startsWith('*')) === true) return { type, names }
  }
  return undefined
}

function append(places: Map<string, CompiledRule[]>, key: string, rule: CompiledRule): void {
  const known = places.get(key)
  if (known === undefined) places.set(key, [rule])
  else known.push(rule)
}

function seatsOf(
  files: readonly CompiledFile[],
  rules: readonly CompiledRule[],
  hook: RuleHook,
  subject: Subject,
): readonly Seat[] {
  const byFile = new Map<CompiledFile, CompiledRule[]>()
  for (const rule of rules) {
    const own = byFile.get(rule.file)
    if (own === undefined) byFile.set(rule.file, [rule])
    else own.push(rule)
  }
  return files.flatMap((file) => {
    const own = byFile.get(file) ?? []
    const refuses = refusalOf(file, hook, subject)
    return own.length === 0 && refuses === undefined ? [] : [{ file, rules: own, refuses }]
  })
}

function refusalOf(
  { file, fitsSubject }: CompiledFile,
  hook: RuleHook,
  subject: Subject,
): RuleMode | undefined {
  const isGoverned = hook === 'pre' && callKinds.includes(subject.kind)
  return isGoverned && file.default === 'deny' && fitsSubject(subject) ? file.mode : undefined
}
