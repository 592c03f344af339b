import { z } from 'zod'
import { ruleTestSchema } from '../rule-tests-schema.js'
import { modeSchema, ruleSchema, shortRuleSchema } from './rule-schema.js'

const glob = (description: string) => z.string().min(1).meta({ description }).optional()

const scope = z
  .strictObject({
    server: glob('The name of the server.'),
    tool: glob('The name of the tool.'),
    team: glob('A team of the user.'),
    user: glob('The verified id of the user.'),
    kind: glob('The JSON-RPC method.'),
  })
  .meta({
    description:
      'The calls that the file has a say in: all members must fit; exact, or with `*`. It decides the layer as well.',
  })

const tests = z
  .array(ruleTestSchema.meta({ id: 'test' }))
  .meta({ description: 'What the rules are to decide; run by `portcullis policy test`.' })

/** `list` is a list of rules of one hook, `rules` one of `rules:`. */
function membersWith<Rules extends z.ZodType, List extends z.ZodType>(rules: Rules, list: List) {
  const policies = z
    .strictObject({
      input: list.meta({ description: 'Judge the call, before it is sent.' }).optional(),
      output: list.meta({ description: 'Judge its result.' }).optional(),
    })
    .meta({ description: 'Rules for one tool, in short.' })
  return {
    version: z.literal(1).meta({ description: 'Of the format.' }).optional(),
    scope: scope.optional(),
    mode: modeSchema.optional(),
    default: z
      .enum(['allow', 'deny'])
      .meta({
        description:
          'What holds before a call where no rule of the file matches: `deny` makes it an allow-list.',
        default: 'allow',
      })
      .optional(),
    rules: rules.optional(),
    policies: policies.optional(),
    tool: z
      .strictObject({
        name: z.string().min(1).meta({ description: 'The tool that the file is about.' }),
        policies: policies.optional(),
        tests: tests.optional(),
      })
      .meta({ description: 'Rules for the tool of this name.' })
      .optional(),
    tests: tests.optional(),
  }
}

/** Format v1 of `rules.yaml` and `rules/*.yaml`. What it does not know is an error. */
const ruleFileSchema = z
  .strictObject(membersWith(z.array(ruleSchema), z.array(shortRuleSchema)))
  .meta({ title: 'Rules of Portcullis', description: 'Format v1.' })

const unread = z.array(z.unknown())

/** The same without its rules, each of which is read by itself, so that the faults of one do not hide another's. */
export const outlineSchema = z.strictObject(membersWith(unread, unread))

export type Outline = z.infer<typeof outlineSchema>

/** The JSON Schema (draft 2020-12) of a file of rules. */
export function rulesJsonSchema(): Readonly<Record<string, unknown>> {
  return z.toJSONSchema(ruleFileSchema, {
    io: 'input',
    override({ zodSchema, jsonSchema }) {
      // What is rewritten before it is read may be written in ways that its schema does not know.
      if (!(zodSchema instanceof z.ZodPreprocess)) return
      const { ...known } = jsonSchema
      for (const key of Object.keys(known)) Reflect.deleteProperty(jsonSchema, key)
      jsonSchema.anyOf = [known, {}]
    },
  })
}
