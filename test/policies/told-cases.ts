import { testSet } from '../../src/cli/set-tests.js'
import { bundleOfRules, type Texts } from './rules-bundle.js'

/** A case without its name. */
export type Told = Readonly<Record<string, unknown>>

/** What is not as the cases expect, as `policy test` finds it: nothing where they hold. */
export async function differencesIn(
  texts: Texts | string,
  ...told: readonly Told[]
): Promise<readonly unknown[]> {
  const files = typeof texts === 'string' ? { 'rules.yaml': texts } : texts
  const named = told.map((each, at) => ({ name: `told ${at}`, ...each }))
  const { cases } = await testSet({ bundle: bundleOfRules(files, named), rego: undefined })
  return cases.flatMap(({ name, verdict, differences }) =>
    verdict === 'passed' ? [] : [{ name, verdict, differences }],
  )
}

/** The text with every line moved to the right. */
export function indented(text: string, columns: number): string {
  return text.trim().replace(/^(?=.)/gm, ' '.repeat(columns))
}
