import { z } from 'zod'

const texts = z.union([z.string().transform((text) => [text]), z.array(z.string())], {
  error: 'write a text or a list of texts',
})

const call = z
  .strictObject({
    tool: z.string().min(1).optional(),
    args: z.record(z.string(), z.unknown()).optional(),
    method: z.string().min(1).optional(),
    params: z.record(z.string(), z.unknown()).optional(),
  })
  .refine(({ tool, method }) => (tool === undefined) !== (method === undefined), {
    error: 'name either a tool or a method',
  })
  .refine(({ tool, args }) => tool !== undefined || args === undefined, {
    error: '"args" are those of a tool: give "params" to a method',
    path: ['args'],
  })
  .refine(({ method, params }) => method !== undefined || params === undefined, {
    error: '"params" are those of a method: give "args" to a tool',
    path: ['params'],
  })

const user = z
  .looseObject({
    id: z.string().min(1),
    roles: z.array(z.string()).default([]),
    teams: z.array(z.string()).default([]),
    claims: z.record(z.string(), z.unknown()).default({}),
  })
  .refine((given) => !('authenticated' in given) && !('via' in given), {
    error: 'whoever has an id is authenticated: leave out "authenticated" and "via"',
  })

const expectation = z
  .strictObject({
    effect: z.enum(['allow', 'dry_run', 'ask', 'deny']),
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
    rules: z.array(z.string()).optional(),
    patched_args: z.unknown().optional(),
    result_contains: texts.default([]),
    result_not_contains: texts.default([]),
  })
  .refine(({ effect, code }) => code === undefined || effect === 'deny', {
    error: 'only a denial has a code',
    path: ['code'],
  })

const time = z.iso.datetime({ offset: true, error: 'write it as 2026-01-31T12:00:00Z' })

const policyCase = z
  .strictObject({
    name: z.string().min(1),
    user: user.optional(),
    server: z.string().min(1).default('default'),
    call,
    /** A JSON-RPC result, or `{error}`. */
    response: z.record(z.string(), z.unknown()).optional(),
    hook: z.enum(['pre', 'post']).optional(),
    headers: z.record(z.string(), z.string()).default({}),
    time: time.default('2026-01-01T00:00:00Z'),
    expect: expectation,
  })
  .refine(({ hook, response }) => hook !== 'post' || response !== undefined, {
    error: 'at post there is a response to judge: give one',
    path: ['hook'],
  })
  .refine(({ hook, response }) => hook !== 'pre' || response === undefined, {
    error: 'at pre there is no response yet: leave it out',
    path: ['response'],
  })

/** Format v1 of `cases/*.yaml`. What it does not know is an error. */
export const caseFileSchema = z.strictObject({
  version: z.literal(1).optional(),
  cases: z.array(policyCase).min(1),
})

export type CaseText = z.infer<typeof policyCase>
