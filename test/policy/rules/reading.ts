import { readRules, type ReadRules } from '../../../src/policy/rules/read-rules.js'
import type { Rule } from '../../../src/policy/rules/rule.js'

export type Texts = string | Readonly<Record<string, string>>

/** Reads files of rules; a text alone is `rules/hr.yaml`. */
export function read(texts: Texts, schemas: Readonly<Record<string, unknown>> = {}): ReadRules {
  const files = typeof texts === 'string' ? { 'rules/hr.yaml': texts } : texts
  return readRules(
    Object.entries(files).map(([name, text]) => ({ name, text: Buffer.from(text) })),
    Object.entries(schemas).map(([tool, schema]) => ({
      name: `schemas/${tool}.json`,
      text: Buffer.from(typeof schema === 'string' ? schema : JSON.stringify(schema)),
    })),
  )
}

export function rulesOf(texts: Texts): readonly Rule[] {
  return read(texts).rules.files.flatMap(({ rules }) => rules)
}

/** The one rule of a text. */
export function ruleOf(text: string): Rule {
  const [rule, ...others] = rulesOf(text)
  if (rule === undefined || others.length > 0) throw new Error('the text has not one rule')
  return rule
}

/** The lines of the refusal; none where the rules are taken. */
export function faultsOf(
  texts: Texts,
  schemas?: Readonly<Record<string, unknown>>,
): readonly string[] {
  try {
    read(texts, schemas)
    return []
  } catch (thrown) {
    if (!(thrown instanceof Error) || thrown.name !== 'PolicySupplyError') throw thrown
    return thrown.message.split('\n')
  }
}

export function warningsOf(
  texts: Texts,
  schemas?: Readonly<Record<string, unknown>>,
): readonly string[] {
  return read(texts, schemas).warnings.map(({ place, message }) => `${place}: ${message}`)
}

/** The text of a file with one rule: the members of it, in YAML, that stand behind its id. */
export function rule(members: string): string {
  return `rules:\n  - id: r\n${members.replace(/^/gm, '    ')}\n`
}
