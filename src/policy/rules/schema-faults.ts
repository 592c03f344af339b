import { z } from 'zod'
import { suggestion } from '../../domain/nearest.js'
import type { Path, Reporter } from './findings.js'

/** Reads a value by a schema; where it does not fit, every fault is reported and the result is undefined. */
export function readBy<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  reporter: Reporter,
): z.output<Schema> | undefined {
  const parsed = schema.safeParse(value, { reportInput: true })
  if (parsed.success) return parsed.data
  for (const issue of parsed.error.issues) report(issue, [], schema, reporter)
  return undefined
}

function report(issue: Issue, base: Path, schema: z.ZodType, reporter: Reporter): void {
  const path = [...base, ...issue.path]
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(schema, path)
    for (const key of issue.keys) reporter.fault([...path, key], unknownKey(key, known))
    return
  }
  const inner = issue.code === 'invalid_union' ? meantBranch(issue.errors) : undefined
  if (inner === undefined) reporter.fault(path, messageOf(issue))
  else for (const each of inner) report(each, path, schema, reporter)
}

type Issue = z.core.$ZodIssue

/** Of the faults of each branch those of the one that was meant: where only something inside of it is wrong. */
function meantBranch(branches: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  return branches.find((issues) =>
    issues.every(({ code, path }) => path.length > 0 || !isOfAnotherKind.has(code)),
  )
}

const isOfAnotherKind: ReadonlySet<string> = new Set(['invalid_type', 'invalid_format'])

function unknownKey(key: string, known: readonly string[]): string {
  const hint = elsewhere.find(
    ({ keys, where }) => keys.includes(key) && where.some((each) => known.includes(each)),
  )
  if (hint !== undefined) return `there is no such key here: ${hint.advice}`
  return `there is no such key here${suggestion(key, known)}`
}

interface Hint {
  readonly keys: readonly string[]
  /** Keys that there are where the advice holds; one is enough. */
  readonly where: readonly string[]
  readonly advice: string
}

const matchers = ['kind', 'hook', 'client', 'user', 'team', 'server', 'resource', 'prompt']

// What people write who know one form and not the other, or another product.
const elsewhere: readonly Hint[] = [
  { keys: ['condition'], where: ['when'], advice: 'in "rules" it is called "when"' },
  { keys: ['action'], where: ['effect'], advice: 'in "rules" it is called "effect"' },
  { keys: ['when'], where: ['condition'], advice: 'in "policies" it is called "condition"' },
  { keys: ['effect'], where: ['action'], advice: 'in "policies" it is called "action"' },
  {
    keys: ['priority', 'precedence', 'order', 'weight'],
    where: ['effect', 'action', 'rules'],
    advice: 'the strictest effect wins, whatever the order',
  },
  {
    keys: [...matchers, 'tool', 'action_class'],
    where: ['match'],
    advice: 'it stands in "match", further to the right',
  },
  {
    keys: ['match', ...matchers, 'tool', 'action_class'],
    where: ['action', 'rules'],
    advice: 'rules with a "match" stand under "rules"',
  },
  { keys: ['<<'], where: ['effect', 'rules'], advice: 'write out what is to be merged' },
]

/** The keys that a mapping may have which stands at `path`. */
function keysAt(schema: z.ZodType, path: Path): readonly string[] {
  let here: readonly z.core.$ZodType[] = objectsIn(schema)
  for (const step of path) {
    here = here.flatMap((each) => {
      if (each instanceof z.ZodArray) return objectsIn(each.element)
      if (!(each instanceof z.ZodObject)) return []
      const shape: Readonly<Record<string, z.core.$ZodType | undefined>> = each.shape
      const member = shape[String(step)]
      return member === undefined ? [] : objectsIn(member)
    })
  }
  return here.flatMap((each) => (each instanceof z.ZodObject ? Object.keys(each.shape) : []))
}

/** What a schema is made of, without the wrappers around it. */
function objectsIn(schema: z.core.$ZodType): readonly z.core.$ZodType[] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) {
    return objectsIn(schema.unwrap())
  }
  if (schema instanceof z.ZodPipe) return objectsIn(schema.out)
  if (schema instanceof z.ZodUnion) return schema.options.flatMap(objectsIn)
  return [schema]
}

function messageOf(issue: Issue): string {
  if (issue.input === undefined && issue.code !== 'custom') return 'is missing'
  if (issue.code === 'invalid_type') {
    const asList = issue.expected === 'array' ? ', each item behind "- ",' : ','
    return `write ${names[issue.expected] ?? issue.expected}${asList} not ${nameOf(issue.input)}`
  }
  if (issue.code === 'invalid_value') {
    const values = issue.values.map(String)
    const isText = typeof issue.input === 'string'
    if (isText && issue.values.includes(Number(issue.input))) {
      return `write ${issue.input} without quotes`
    }
    const near = isText ? suggestion(issue.input, values) : ''
    return `write ${values.length === 1 ? '' : 'one of '}${values.join(', ')}${near}`
  }
  if (issue.code === 'too_small') {
    if (issue.origin === 'number' || issue.origin === 'int') return `write ${issue.minimum} or more`
    return issue.input === '' ? 'an empty text says nothing' : 'an empty list says nothing'
  }
  if (issue.code === 'too_big') {
    return `is too long: at most ${issue.maximum} ${units[issue.origin] ?? ''}`.trimEnd()
  }
  return issue.message
}

const names: Readonly<Record<string, string | undefined>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
}

const units: Readonly<Record<string, string | undefined>> = {
  string: 'characters',
  array: 'items',
}

function nameOf(value: unknown): string {
  if (value === null) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  const name = names[typeof value] ?? typeof value
  const isScalar = typeof value === 'number' || typeof value === 'boolean'
  return isScalar ? `${String(value)} (quote it to make it a text)` : name
}
