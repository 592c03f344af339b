import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { ruleEffects } from '../../../src/policy/rules/rule-schema.js'
import { rulesJsonSchema } from '../../../src/policy/rules/rules-schema.js'
import { faultsOf, warningsOf } from './reading.js'

const folder = new URL('../../../docs/reference/', import.meta.url)
const page = readFileSync(new URL('rules.md', folder), 'utf8')
const examples = Array.from(page.matchAll(/```yaml\n(.*?)```/gs), ([, text = '']) => text)
const published: unknown = JSON.parse(readFileSync(new URL('rules.schema.json', folder), 'utf8'))

describe('the page about rules', () => {
  test.each(examples)('has examples without faults and warnings: %s', (example) => {
    expect(faultsOf(example)).toEqual([])
    expect(warningsOf(example)).toEqual([])
  })

  test('names every effect', () => {
    for (const effect of ruleEffects) expect(page).toContain(`| \`${effect}\``)
  })
})

describe('the JSON Schema for editors', () => {
  const schema = z.fromJSONSchema(published as Parameters<typeof z.fromJSONSchema>[0])
  const fits = (text: string) => schema.safeParse(parse(text)).success
  const others = readFileSync(new URL('tool-policies.txt', import.meta.url), 'utf8')

  test('is the one that files are read by', () => {
    expect(published).toEqual(rulesJsonSchema())
  })

  test.each([
    ...examples,
    ...others.split(/^---\n/m).filter((text) => /^(?:policies|tool|tests):/m.test(text)),
  ])('takes what is read: %s', (example) => {
    expect(fits(example)).toBe(true)
  })

  test.each([
    'rule: []',
    'rules: [{id: a}]',
    'rules: [{id: a, effect: no}]',
    'rules: [{id: a, effect: deny, match: {tols: b}}]',
    'policies: {input: [{action: deny}]}',
    'tests: [{nme: a}]',
  ])('refuses %s', (text) => {
    expect(fits(text)).toBe(false)
    expect(faultsOf(text)).not.toEqual([])
  })

  test('describes every key of a rule', () => {
    const { $defs } = published as { $defs: Record<string, { properties: Record<string, object> }> }
    for (const name of ['rule', 'shortRule']) {
      for (const member of Object.values($defs[name]?.properties ?? {})) {
        expect(member).toHaveProperty('description')
      }
    }
  })
})
