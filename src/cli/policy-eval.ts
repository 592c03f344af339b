import { readNamedFile } from './bundle-file.js'
import { CommandError, parseCommandLine } from './command.js'
import { readDocument } from './input-document.js'
import { compileLocally, judgeLocally, type LocalPolicy } from './local-policy.js'
import { openPolicyPath, type NamedPolicy } from './policy-path.js'
import { opaOption } from './policy-set.js'
import { explainRego } from './rego-explanation.js'
import type { PolicyInput } from '../domain/policy-input.js'
import type { Command } from './command.js'

const options = {
  bundle: {
    type: 'string',
    value: 'FILE|SET|RULES',
    help: 'The bundle, policy set or rules that decide',
  },
  input: {
    type: 'string',
    value: 'FILE|-',
    help: 'The input document as JSON; - reads the standard input',
  },
  hook: { type: 'string', value: 'HOOK', help: "pre, post or list; by default the document's own" },
  explain: {
    type: 'boolean',
    help: 'Add the rules that were looked at, and where they failed; of Rego this needs the set and opa',
  },
  fail: { type: 'boolean', help: 'Exit with 1 when the call is refused' },
  opa: opaOption,
} as const

export const policyEval: Command = {
  name: 'policy eval',
  summary: 'Judge one input document and print the decision as JSON',
  synopsis:
    '--bundle FILE|SET|RULES --input FILE|- [--hook pre|post|list] [--explain] [--fail] [--opa PATH]',
  options,
  details:
    'The exit code is 0 whatever was decided, unless --fail is there. What cannot be judged exits with 1.',
  async run(args, { terminal, readInput }) {
    const { values } = parseCommandLine(args, options, [])
    if (values.bundle === undefined) throw new CommandError(2, 'Name the bundle with --bundle')
    if (values.input === undefined)
      throw new CommandError(2, 'Name the input document with --input')
    const named = await openPolicyPath(values.bundle, values.opa)
    const doesExplain = values.explain === true
    if (doesExplain) refuseUnexplained(named, values.bundle)
    const policy = await compileLocally(named.bundle)
    const text = values.input === '-' ? await readInput() : await readNamedFile(values.input)
    const input = readDocument(text, values.hook)
    const { decision, report } = judgeLocally(policy, input)
    const explained = doesExplain ? await explanationOf(input, policy, named) : {}
    terminal.out(`${JSON.stringify({ ...report, ...explained }, undefined, 2)}\n`)
    const isRefused = decision.effect === 'deny' || decision.effect === 'ask'
    return values.fail === true && isRefused ? 1 : 0
  },
}

function refuseUnexplained({ bundle, rego }: NamedPolicy, path: string): void {
  if (rego !== undefined || bundle.rules.length > 0) return
  throw new CommandError(
    2,
    `--explain reads the sources of Rego, and ${path} has none: name the set's folder`,
  )
}

/** `explain`: what OPA says of the Rego. `explanation`: what each file of rules says, and why. */
async function explanationOf(
  input: PolicyInput,
  policy: LocalPolicy,
  { bundle, rego }: NamedPolicy,
): Promise<Readonly<Record<string, unknown>>> {
  const { hook, document } = input
  const explain = rego === undefined ? undefined : await explainRego({ ...rego, hook, document })
  const explanation =
    bundle.rules.length === 0 || hook === 'list' ? undefined : policy.explain?.(input).files
  return { explain, explanation }
}
