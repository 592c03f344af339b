import { z } from 'zod'
import {
  answer,
  circumstances,
  contained,
  expectation,
  impossible,
  isPossible,
  knownTool,
} from './case-parts-schema.js'

const members = z.record(z.string(), z.unknown())

/** Members beside these are claims. */
const userContext = z
  .looseObject({
    id: z.string().min(1).default('local'),
    roles: z.array(z.string()).default([]),
    teams: z.array(z.string()).default([]),
    claims: members.default({}),
  })
  .refine((given) => !('authenticated' in given) && !('via' in given), {
    error: 'who has a context is authenticated: leave out "authenticated" and "via"',
  })

/** One of the `tests` of a rules file. */
export const ruleTestSchema = z
  .strictObject({
    name: z.string().min(1),
    /** Which tool is called, where the file does not say it. */
    tool: z.string().min(1).optional(),
    /** Without it nobody calls. */
    user_context: userContext.optional(),
    arguments: members.optional(),
    args: members.optional(),
    ...answer,
    ...circumstances,
    ...knownTool,
    expect: expectation.optional(),
    result_contains: contained,
    result_not_contains: contained,
  })
  .refine((given) => given.arguments === undefined || given.args === undefined, {
    error: '"arguments" and "args" are the same: keep one',
    path: ['args'],
  })
  .refine((given) => given.result === undefined || given.response === undefined, {
    error: '"result" and "response" are the same: keep one',
    path: ['result'],
  })
  .refine(isPossible, impossible)

export type RuleTestText = z.infer<typeof ruleTestSchema>
