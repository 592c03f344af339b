import { z } from 'zod'
import { pathFault } from './path-text.js'

/** Everything that a rule can do, the strictest first. */
export const ruleEffects = [
  'deny',
  'ask',
  'dry_run',
  'allow',
  'warn',
  'audit',
  'filter_fields',
  'filter_sensitive',
  'mask_fields',
  'replace',
  'patch',
] as const

export type RuleEffect = (typeof ruleEffects)[number]

/** Longer lists take longer for every result that they are carried out on. */
export const mostPaths = 500
export const mostReplaces = 100
export const longestReplacement = 1024

const text = z.string().min(1)

export function oneOrMore<Item extends z.ZodType>(item: Item, description: string) {
  return z
    .union([item, z.array(item).min(1)], { error: 'write a text or a list of texts' })
    .meta({ description })
    .optional()
}

export const modeSchema = z.enum(['enforce', 'warn', 'audit-only']).meta({
  description:
    'A rule on trial: `audit-only` leaves a `would_…` mark in the decision log, `warn` tells the caller as well; neither changes anything. The weaker of the file’s and the rule’s holds.',
})

const mask = z
  .union(
    [
      z.string(),
      z.strictObject({
        style: z.enum(['full', 'partial', 'hash', 'email', 'preserve_type']),
        text: z
          .string()
          .meta({ description: 'With `full`: what stands for the value.' })
          .optional(),
        keep: z
          .int()
          .nonnegative()
          .meta({ description: 'With `partial`: how many characters at the end stay.' })
          .optional(),
        salt: z
          .string()
          .meta({
            description: 'With `hash`: equal values stay equal, and no table of hashes fits.',
          })
          .optional(),
      }),
    ],
    { error: 'write a text, or {style: full | partial | hash | email | preserve_type, …}' },
  )
  .meta({ description: 'What stands for a masked value.', default: '****' })

/** A fault of syntax is found whatever else is wrong with the rule. */
const fieldPath = text.superRefine((source, context) => {
  const fault = source === '' ? undefined : pathFault(source)
  if (fault !== undefined) context.addIssue({ code: 'custom', message: fault, input: source })
})

const replacement = z.strictObject({
  path: fieldPath.meta({
    description: 'Which strings: `response.**` for all of a result, `args.query` for an argument.',
  }),
  pattern: text.meta({ description: 'Regular expression (RE2).' }),
  with: z.string().meta({ description: 'What stands in place of each match, taken as it is.' }),
})

const label = z.union([z.string(), z.number(), z.boolean()], {
  error: 'a label is a text, a number, true or false',
})

const mostLabels = 16

/** What both forms of a rule have in common. */
const sharedMembers = {
  reason: z
    .string()
    .max(1024)
    .meta({ description: 'Why; shown to the caller and in the decision log.' })
    .optional(),
  mode: modeSchema.optional(),
  labels: z
    .record(text, label)
    .refine((labels) => Object.keys(labels).length <= mostLabels, {
      error: `at most ${mostLabels} labels fit into a record`,
    })
    .meta({ description: 'Kept with the decision in the log.' })
    .optional(),
  code: z
    .enum(['policy_deny', 'validation_failed', 'rate_limited'])
    .meta({ description: 'With `deny`: how the refusal is answered.', default: 'policy_deny' })
    .optional(),
  remedy: z
    .string()
    .max(1024)
    .meta({ description: 'With `deny` and `ask`: what the caller can do about it.' })
    .optional(),
  retry_after: z
    .number()
    .nonnegative()
    .meta({ description: 'With `code: rate_limited`: seconds.' })
    .optional(),
  ask: z
    .record(text, z.unknown())
    .meta({ description: 'With `ask`: the terms of the approval.' })
    .optional(),
  fields: z
    .array(fieldPath)
    .min(1)
    .max(mostPaths)
    .meta({
      description:
        'With `filter_fields` and `mask_fields`: paths. `salary` names it at any depth; `employee.salary`, `response.structuredContent.*.salary`, `rows[0]` are possible.',
    })
    .optional(),
  mask: mask.optional(),
  on_unreadable: z
    .enum(['deny', 'remove', 'pass'])
    .meta({
      description: 'Where content is not JSON, so that no path can be followed in it.',
      default: 'deny',
    })
    .optional(),
  on_missing: z
    .enum(['deny', 'pass'])
    .meta({ description: 'Where a path names nothing.', default: 'pass' })
    .optional(),
  replace: z
    .array(replacement)
    .min(1)
    .max(mostReplaces)
    .meta({ description: 'With `replace`: every match of a pattern is replaced.' })
    .optional(),
  patch: z
    .union([z.record(z.string(), z.unknown()), z.array(z.record(z.string(), z.unknown())).min(1)], {
      error: 'write {args: {…}} (a merge patch) or a list of operations (RFC 6902)',
    })
    .meta({
      description:
        'With `patch`: `{args: {…}}`, `{params: {…}}` or `{response: {…}}` (RFC 7396), or operations (RFC 6902).',
    })
    .optional(),
}

const id = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._/-]{0,127}$/, {
    error: 'an id has letters, digits and . _ / - only, at most 128 of them',
  })
  .meta({ description: 'Names the rule in the decision log and in refusals; unique in the set.' })

const condition = text.max(16_384)

const match = z
  .strictObject({
    kind: oneOrMore(
      text,
      'The JSON-RPC method, such as `tools/call` or `resources/*`; `*` is every message.',
    ),
    hook: z
      .enum(['pre', 'post'])
      .meta({ description: 'Before a call is sent, or when its result is there.' })
      .optional(),
    client: oneOrMore(text, 'The verified id of the client.'),
    user: oneOrMore(text, 'The verified id of the user.'),
    team: oneOrMore(text, 'A team of the user.'),
    server: oneOrMore(text, 'The name of the server, as the gateway knows it.'),
    tool: oneOrMore(text, 'The name of the tool.'),
    resource: oneOrMore(text, 'The URI of the resource.'),
    prompt: oneOrMore(text, 'The name of the prompt.'),
    action_class: oneOrMore(
      z.enum(['read', 'write', 'execute', 'destructive', 'unknown']),
      'What the tool does to the world.',
    ),
  })
  .meta({
    description:
      'Which calls the rule is about: all members must fit, of a list one. Exact, or with `*` for any characters.',
  })

/** One of `rules:`. */
export const ruleSchema = z
  .strictObject({
    id,
    match: match.optional(),
    when: condition
      .meta({ description: 'A condition in CEL; `$name` is an argument of the call.' })
      .optional(),
    effect: z.enum(ruleEffects).meta({ description: 'What happens where the rule holds.' }),
    ...sharedMembers,
  })
  .meta({ id: 'rule' })

/** One of `policies.input` and `policies.output`. */
export const shortRuleSchema = z
  .strictObject({
    condition: condition.meta({
      description: 'A condition in CEL; `$name` is an argument of the call.',
    }),
    action: z.enum(ruleEffects).meta({ description: 'What happens where the condition holds.' }),
    id: id.optional(),
    ...sharedMembers,
  })
  .meta({ id: 'shortRule' })

/** A rule as it is written. */
export type RuleText = z.infer<typeof ruleSchema>
export type ShortRuleText = z.infer<typeof shortRuleSchema>
export type MatchText = z.infer<typeof match>
