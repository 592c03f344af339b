import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { builtins } from '../../src/policy/builtins/offered.js'
import { refusedBuiltins } from '../../src/policy/offered-builtins.js'

const { builtins: capabilities, allow_net } = JSON.parse(
  readFileSync(new URL('../../policies/capabilities.json', import.meta.url), 'utf8'),
) as { builtins: { name: string }[]; allow_net: string[] }
const published = capabilities.map(({ name }) => name)

test('what is offered is published for policy authors', () => {
  expect(Object.keys(builtins).filter((name) => !published.includes(name))).toEqual([])
  expect(allow_net).toEqual([])
})

test('nothing is published that reaches out of a decision', () => {
  const outward =
    /^(?:http|opa|rand|trace|rego\.parse|graphql|providers|yaml|net\.lookup|crypto\.x509)/
  expect(published.filter((name) => outward.test(name))).toEqual([])
})

test('what is offered is not refused', () => {
  expect(refusedBuiltins(Object.keys(builtins))).toEqual([])
})

test.each([
  ['http.send', 'http.send (put what is needed into data.json: a policy has no network)'],
  ['rand.intn', 'rand.intn (a policy decides the same way every time)'],
  ['regex.globs_match', 'regex.globs_match (use glob.match)'],
  ['yaml.unmarshal', 'yaml.unmarshal (use json.unmarshal, or data.json)'],
  ['crypto.x509.parse_keypair', expect.stringContaining('crypto.x509.parse_keypair (')],
  ['strings.render_template', expect.stringContaining('use sprintf')],
  ['io.jwt.encode_sign', 'io.jwt.encode_sign (a policy signs nothing)'],
  ['not.known', 'not.known'],
  ['constructor', 'constructor'],
])('%s is refused by name', (name, words) => {
  expect(refusedBuiltins([name])).toEqual([words])
})
