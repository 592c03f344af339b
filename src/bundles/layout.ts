import { PolicySupplyError } from '../domain/errors.js'
import { signaturesName } from './signatures-file.js'

/** How files lie: in a bundle, or in a folder of nothing but rules, where authors name and nest them as they like. */
export type Layout = 'bundle' | 'rules'

/** What a file of that name is to a policy. */
export type Role = 'rules' | 'case' | 'schema' | 'other'

export function roleOf(name: string, layout: Layout): Role {
  const { cases, schemas, rules } = places[layout]
  // The data of a bundle may lie in any folder.
  if (layout === 'bundle' && isData(name)) return 'other'
  if (cases.test(name)) return 'case'
  if (schemas.test(name)) return 'schema'
  return rules.test(name) ? 'rules' : 'other'
}

function isData(name: string): boolean {
  return /(?:^|\/)data\.(?:json|ya?ml)$/.test(name)
}

const places = {
  bundle: {
    cases: /^cases\/.+\.ya?ml$/i,
    schemas: /^schemas\/.+\.json$/,
    rules: /^rules(?:\.ya?ml|\/.+\.ya?ml)$/,
  },
  rules: {
    cases: /(?:^|\/)cases\/.+\.ya?ml$/i,
    schemas: /(?:^|\/)schemas\/.+\.json$/,
    rules: /\.ya?ml$/,
  },
} as const

/** `schemas/TOOL.json`, wherever in a folder of rules that lies. */
export function schemaName(name: string): string {
  return name.slice(name.indexOf('schemas/'))
}

/**
 * Refuses files that this build does not honour: what is ignored silently could loosen the policy.
 * @throws PolicySupplyError `check`
 */
export function refuseNames(names: Iterable<string>, layout: Layout): void {
  for (const name of names) {
    const fault = layout === 'bundle' ? faultInBundle(name) : faultInFolder(name)
    if (fault === undefined) continue
    throw new PolicySupplyError('check', `The ${nouns[layout]} ${fault}`)
  }
}

const nouns = { bundle: 'bundle', rules: 'rules folder' } as const

function faultInBundle(name: string): string | undefined {
  const file = nameOfFile(name)
  const lower = file.toLowerCase()
  if (/^data\.ya?ml$/.test(lower)) {
    return `has its data in ${name}: this build reads data.json only`
  }
  if (lower === 'patch.json') {
    return `is a delta bundle (${name}): supply a whole bundle instead`
  }
  if (/\.manifest(?:\.pb)?$/.test(lower) && name !== '.manifest') {
    return `has ${name}: its one manifest is called .manifest and lies at the top`
  }
  if (lower === signaturesName && name !== signaturesName) {
    return `has ${name}: its one signature is called ${signaturesName} and lies at the top`
  }
  if (file !== lower && reservedNames.has(lower)) {
    return `has ${name}: write the file's name in lower case`
  }
  return misplaced(name)
}

/** What is wrong with a file that looks like rules or a schema of a bundle and would be passed over. */
export function misplaced(name: string): string | undefined {
  if (roleOf(name, 'bundle') !== 'other') return undefined
  const lower = name.toLowerCase()
  if (roleOf(lower, 'bundle') !== 'other') {
    return `has ${name}: write "rules", "schemas" and the file's ending in lower case`
  }
  if (/(?:^|\/)rules\.ya?ml$/.test(lower)) {
    return `has rules in ${name}: rules lie at the top in rules.yaml, or in the folder rules`
  }
  if (/^rules(?:\.json|\/.+\.json)$/.test(lower) && nameOfFile(lower) !== 'data.json') {
    return `has rules in ${name}: this build reads YAML, which JSON is; give the file the ending .yaml`
  }
  if (/^schemas\/.+\.ya?ml$/.test(lower)) {
    return `has a schema in ${name}: this build reads schemas/TOOL.json only`
  }
  return undefined
}

/** What is wrong with a file of a policy set that a folder of rules has a use for and its bundle would pass over. */
export function leftOut(name: string): string | undefined {
  const lower = name.toLowerCase()
  const role = isData(lower) ? 'other' : roleOf(lower, 'rules')
  if (role === 'other' || roleOf(name, 'bundle') !== 'other') return undefined
  return `has ${name}, which its bundle would not have: rules lie in rules.yaml or in the folder rules, cases in cases, schemas in schemas, all at the top; put what is none of them elsewhere`
}

function faultInFolder(name: string): string | undefined {
  if (/\.rego$|\.wasm$/i.test(name)) {
    return `has ${name}, which is no rules file: build the folder with "portcullis policy build" and set POLICY_BUNDLE_PATH to the bundle`
  }
  if (roleOf(name, 'rules') === 'other' && roleOf(name.toLowerCase(), 'rules') !== 'other') {
    return `has ${name}: write "schemas" and the file's ending in lower case`
  }
  return undefined
}

function nameOfFile(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1)
}

const reservedNames = new Set(['data.json', 'data.yaml', 'data.yml', 'patch.json', 'policy.wasm'])
