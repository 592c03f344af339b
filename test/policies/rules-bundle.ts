import type { Bundle, BundleFile } from '../../src/domain/bundle.js'

/** Texts of files by their names in a set: `rules.yaml`, `rules/hr.yaml`, `schemas/get_contact.json`. */
export type Texts = Readonly<Record<string, string>>

/** A bundle of rules as it is after it was unpacked. `cases` are those of `cases/*.yaml`, as JSON, which is YAML too. */
export function bundleOfRules(texts: Texts, cases: readonly object[] = []): Bundle {
  const told = { name: 'cases/told.yaml', text: Buffer.from(JSON.stringify({ cases })) }
  return {
    revision: 'told',
    digest: '0'.repeat(64),
    roots: [],
    wasm: undefined,
    entrypoints: [],
    data: Buffer.from('{}'),
    metadata: {},
    rules: filesOf(texts, (name) => name.startsWith('rules')),
    schemas: filesOf(texts, (name) => name.startsWith('schemas/')),
    cases: cases.length === 0 ? [] : [told],
    signer: undefined,
    sizes: { archive: 0, unpacked: 0, entries: 0 },
  }
}

function filesOf(texts: Texts, isOne: (name: string) => boolean): readonly BundleFile[] {
  return Object.entries(texts)
    .filter(([name]) => isOne(name))
    .map(([name, text]) => ({ name, text: Buffer.from(text) }))
}
