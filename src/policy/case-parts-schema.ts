import { z } from 'zod'
import { isJsonObject, type JsonValue } from '../domain/json.js'

// What cases and the tests of rules files have in common.

const texts = z.union([z.string().transform((text) => [text]), z.array(z.string())], {
  error: 'write a text or a list of texts',
})

const part = z
  .unknown()
  .refine((value) => value !== '' && value !== null, { error: 'write what to look for' })
  .refine((value) => !isJsonObject(value) || Object.keys(value).length > 0, {
    error: 'name a member',
  })
  .transform((value) => value as JsonValue)

/** What a result is to have or not to have, one thing or several: texts, and values nested as deep as is wanted. */
export const contained = z
  .preprocess(
    (given) => (given === undefined || Array.isArray(given) ? given : [given]),
    z.array(part, { error: 'write a text, a mapping, or a list of them' }).default([]),
  )
  .optional()
  .transform((parts): readonly JsonValue[] => parts ?? [])

const effect = z.enum(['allow', 'dry_run', 'ask', 'deny'])

/** `deny`, or a mapping. Without `effect` the call is to pass. */
export const expectation = z.preprocess(
  (given) => (typeof given === 'string' ? { effect: given } : given),
  z
    .strictObject({
      effect: effect.optional(),
      would: effect.optional(),
      code: z
        .enum([
          'policy_deny',
          'validation_failed',
          'rate_limited',
          'approval_required',
          'policy_error',
        ])
        .optional(),
      reason: z.string().optional(),
      layer: z.enum(['organisation', 'team', 'server', 'tool']).optional(),
      rules: texts.default([]),
      warnings: texts.default([]),
      trial: texts.default([]),
      patched_args: z.unknown().optional(),
      lists: texts.default([]),
      hides: texts.default([]),
      result_contains: contained,
      result_not_contains: contained,
    })
    .refine((given) => given.code === undefined || refuses(given.effect) || refuses(given.would), {
      error: 'only a refusal has a code',
      path: ['code'],
    }),
)

function refuses(given: string | undefined): boolean {
  return given === 'deny' || given === 'ask'
}

export type ExpectationText = z.infer<typeof expectation>

const members = z.record(z.string(), z.unknown())

/** What the upstream answers. */
export const answer = {
  /** A JSON-RPC result, `{error}`, or `live`: asked of a server. */
  response: z.union([z.literal('live'), members], { error: 'write a mapping, or live' }).optional(),
  /** What a tool returns, without what MCP wraps around it. */
  result: z.unknown().optional(),
}

/** What surrounds a call. */
export const circumstances = {
  server: z.string().min(1).default('default'),
  headers: z.record(z.string(), z.string()).default({}),
  request_ip: z.union([z.ipv4(), z.ipv6()], { error: 'write an IP address' }).default('127.0.0.1'),
  client: z
    .strictObject({ name: z.string().default(''), version: z.string().default('') })
    .optional(),
  session: z.string().min(1).optional(),
  time: z.iso
    .datetime({ offset: true, error: 'write it as 2026-01-31T12:00:00Z' })
    .default('2026-01-01T00:00:00Z'),
  mode: z.enum(['enforce', 'warn', 'audit-only']).default('enforce'),
}

/** What is known of the called tool. */
export const knownTool = {
  output_schema: members.optional(),
  annotations: members.optional(),
  action_class: z.enum(['read', 'write', 'execute', 'destructive', 'unknown']).optional(),
  dry_run_argument: z.string().min(1).optional(),
}

/** Outside enforce nothing is refused: a case that says no more than what becomes of the call could not fail. */
export function isPossible({ mode, expect, ...test }: Told): boolean {
  if (mode === 'enforce') return true
  const { effect = 'allow', would, reason, layer } = expect ?? {}
  const lists = [
    expect?.rules,
    expect?.warnings,
    expect?.trial,
    ...resultsIn(expect),
    ...resultsIn(test),
  ]
  const saysMore =
    (would ?? reason ?? layer) !== undefined || lists.some((list = []) => list.length > 0)
  return effect === 'allow' && saysMore
}

interface Told extends ToldResults {
  readonly mode: string
  readonly expect?: ExpectationText | undefined
}

type ToldResults = Partial<Pick<ExpectationText, 'result_contains' | 'result_not_contains'>>

function resultsIn(told: ToldResults | undefined): readonly (readonly JsonValue[] | undefined)[] {
  return [told?.result_contains, told?.result_not_contains]
}

export const impossible = {
  error: 'nothing is refused in this mode: write "would" for what is only recorded',
  path: ['expect', 'effect'],
}
