import { z } from 'zod'
import {
  answer,
  circumstances,
  expectation,
  impossible,
  isPossible,
  knownTool,
} from './case-parts-schema.js'

const members = z.record(z.string(), z.unknown())

const call = z
  .strictObject({
    tool: z.string().min(1).optional(),
    args: members.optional(),
    method: z.string().min(1).optional(),
    params: members.optional(),
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
    claims: members.default({}),
  })
  .refine((given) => !('authenticated' in given) && !('via' in given), {
    error: 'whoever has an id is authenticated: leave out "authenticated" and "via"',
  })

const policyCase = z
  .strictObject({
    name: z.string().min(1),
    user: user.optional(),
    call,
    ...answer,
    ...circumstances,
    tool: z.strictObject(knownTool).default({}),
    hook: z.enum(['pre', 'post']).optional(),
    expect: expectation,
  })
  .refine(({ result, response }) => result === undefined || response === undefined, {
    error: '"result" and "response" are the same: keep one',
    path: ['result'],
  })
  .refine(({ result, call: { tool } }) => result === undefined || tool !== undefined, {
    error: '"result" is what a tool returns: give the "response" of a method',
    path: ['result'],
  })
  .refine(({ hook, result, response }) => hook !== 'post' || (result ?? response) !== undefined, {
    error: 'at post there is a response to judge: give one',
    path: ['hook'],
  })
  .refine(({ hook, result }) => hook !== 'pre' || result === undefined, {
    error: 'at pre there is no result yet: leave it out',
    path: ['result'],
  })
  .refine(({ hook, response }) => hook !== 'pre' || response === undefined, {
    error: 'at pre there is no response yet: leave it out',
    path: ['response'],
  })
  .refine(isPossible, impossible)

/** Format v1 of `cases/*.yaml`. What it does not know is an error. */
export const caseFileSchema = z.strictObject({
  version: z.literal(1).optional(),
  cases: z.array(policyCase).min(1),
})

export type CaseText = z.infer<typeof policyCase>
