import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { testSet } from '../../src/cli/set-tests.js'
import { readYaml } from '../../src/policy/yaml-document.js'
import { bundleOfRules } from './rules-bundle.js'

// Three examples of the short form as its reference has them, word for word: the sets of these names are them.
const examples = {
  'hr-data': `
tool:
  name: employee_data
  policies:
    input:
      # Only HR can access
      - condition: "user.department != 'hr'"
        action: deny
        reason: "HR department only"
    output:
      # Only managers see salaries
      - condition: "user.role != 'manager'"
        action: filter_fields
        fields: ["salary", "bonus"]
      # Only HR managers see SSN
      - condition: "!(user.role == 'hr_manager')"
        action: filter_fields
        fields: ["ssn"]
`,
  'customer-data': `
tool:
  name: customer_info
  policies:
    input:
      # Users can only see their own data
      - condition: "user.role != 'support' && $customer_id != user.customer_id"
        action: deny
        reason: "Can only access own data"
    output:
      # Mask payment info for non-finance
      - condition: "user.department != 'finance'"
        action: mask_fields
        fields: ["credit_card", "bank_account"]
        mask: "****"
`,
  'financial-reports': `
tool:
  name: financial_report
  policies:
    input:
      # Require finance permission
      - condition: "!('finance.read' in user.permissions)"
        action: deny
        reason: "Finance permission required"

      # Warn on external access
      - condition: "!user.internal_network"
        action: warn
        reason: "External access to financial data"

    output:
      # Directors see everything
      - condition: "user.role == 'director'"
        action: allow

      # Managers see summary only
      - condition: "user.role == 'manager'"
        action: filter_fields
        fields: ["detailed_transactions", "employee_costs"]
`,
}

const fileOf = (set: string, name: string): URL =>
  new URL(`../../policies/${set}/${name}`, import.meta.url)

describe.each(Object.entries(examples))('%s', (set, example) => {
  test('is the example, and tests of it', async () => {
    const { tool, tests, ...others } = valueOf(await readFile(fileOf(set, 'rules.yaml'), 'utf8'))
    expect({ tool }).toEqual(valueOf(example))
    expect(tests).toBeInstanceOf(Array)
    expect(others).toEqual({})
  })

  test('has cases that hold for the example as it is written', async () => {
    const files = ['cases/access.yaml', 'cases/fields.yaml'].map((name) => ({
      name,
      text: readFileSync(fileOf(set, name)),
    }))
    const bundle = { ...bundleOfRules({ 'rules.yaml': example }), cases: files }
    const { cases } = await testSet({ bundle, rego: undefined })
    expect(cases.length).toBeGreaterThan(0)
    expect(cases.filter(({ verdict }) => verdict !== 'passed')).toEqual([])
  })
})

function valueOf(text: string): Record<string, unknown> {
  const document = readYaml(text)
  if (document.type === 'faults') throw new Error('The rules are no YAML')
  return document.value as Record<string, unknown>
}
