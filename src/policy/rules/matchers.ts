import type { ActionClass } from '../../domain/action-class.js'
import type { BundleScope } from '../../domain/bundle.js'
import type { Call } from '../../domain/call.js'
import { createGlob, type Fits } from '../../domain/glob.js'
import type { Operation } from '../../domain/operation.js'
import type { Match, RuleAction } from './rule.js'

/** What a call is about, as far as rules can be told apart by it without looking at its caller. */
export interface Subject {
  readonly kind: string
  readonly server: string
  readonly type: Operation['type']
  /** The tool, prompt or URI; undefined for a URI that is not known yet (a resource template). */
  readonly name: string | undefined
}

export function subjectOf({ operation, server }: Pick<Call, 'operation' | 'server'>): Subject {
  const { kind, type } = operation
  switch (type) {
    case 'tool':
    case 'prompt':
      return { kind, server, type, name: operation.name }
    case 'resource':
      return { kind, server, type, name: operation.uri }
    case 'other':
      return { kind, server, type, name: '' }
  }
}

export type SubjectFits = (subject: Subject) => boolean

/** Whether a rule is about such calls: its kinds, servers, tools, resources and prompts. */
export function createSubjectFits({ kind, server, tool, resource, prompt }: Match): SubjectFits {
  const tests: SubjectFits[] = []
  if (kind !== undefined) tests.push(onKind(anyOf(kind)))
  if (server !== undefined) tests.push(onServer(anyOf(server)))
  if (tool !== undefined) tests.push(onName('tool', anyOf(tool)))
  if (resource !== undefined) tests.push(onName('resource', anyOf(resource)))
  if (prompt !== undefined) tests.push(onName('prompt', anyOf(prompt)))
  return (subject) => tests.every((test) => test(subject))
}

/** The same of the scope of a file. */
export function createScopeFits({ kind, server, tool }: BundleScope): SubjectFits {
  return createSubjectFits({
    ...(kind === undefined ? {} : { kind: [kind] }),
    ...(server === undefined ? {} : { server: [server] }),
    ...(tool === undefined ? {} : { tool: [tool] }),
  })
}

export type CallerFits = (call: Call) => boolean

/** Whether a rule is about such callers; undefined where it is about all of them. */
export function createCallerFits({ client, user, team }: Match): CallerFits | undefined {
  const tests: CallerFits[] = []
  if (client !== undefined) tests.push(onClient(anyOf(client)))
  if (user !== undefined) tests.push(onUser(anyOf(user)))
  if (team !== undefined) tests.push(onTeam(anyOf(team)))
  const [first, second] = tests
  if (first === undefined || second === undefined) return first
  return (call) => tests.every((test) => test(call))
}

/** The same of the scope of a file. */
export function createScopeCallerFits({ user, team }: BundleScope): CallerFits | undefined {
  return createCallerFits({
    ...(user === undefined ? {} : { user: [user] }),
    ...(team === undefined ? {} : { team: [team] }),
  })
}

/**
 * The classes of tools that a rule is about; undefined where it is about all of them. Where it tightens, what is not
 * known counts as a change of the world.
 */
export function classesOf(
  { actionClass }: Match,
  effect: RuleAction['effect'],
): ReadonlySet<ActionClass> | undefined {
  if (actionClass === undefined) return undefined
  const classes = new Set(actionClass)
  if (effect !== 'allow' && actionClass.some((one) => mutating.has(one))) classes.add('unknown')
  return classes
}

const mutating: ReadonlySet<ActionClass> = new Set(['write', 'execute', 'destructive'])

function anyOf(globs: readonly string[]): Fits {
  const exact = new Set(globs.filter((glob) => !glob.includes('*')))
  const others = globs.filter((glob) => glob.includes('*')).map(createGlob)
  if (others.length === 0) return (text) => exact.has(text)
  return (text) => exact.has(text) || others.some((fits) => fits(text))
}

function onKind(fits: Fits): SubjectFits {
  return ({ kind }) => fits(kind)
}

function onServer(fits: Fits): SubjectFits {
  return ({ server }) => fits(server)
}

function onName(type: Subject['type'], fits: Fits): SubjectFits {
  return (subject) => subject.type === type && (subject.name === undefined || fits(subject.name))
}

/** Nobody verifies client ids so far: the input has none either. */
function onClient(fits: Fits): CallerFits {
  return () => fits('')
}

function onUser(fits: Fits): CallerFits {
  return ({ principal }) => fits(principal.id)
}

function onTeam(fits: Fits): CallerFits {
  return ({ principal }) => principal.teams.some(fits)
}
