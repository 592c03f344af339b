import { GatewayError } from '../domain/errors.js'
import { decodeString, scanJson } from '../wire/json-text.js'
import { isFolder, openArchive, readBundleFile, readNamedFile } from './bundle-file.js'
import { CommandError, parseCommandLine } from './command.js'
import { localCall } from './local-call.js'
import { compileLocally, judgeLocally } from './local-policy.js'
import { buildSet, opaOption } from './policy-set.js'
import { explainRego } from './rego-explanation.js'
import type { Call } from '../domain/call.js'
import type { Hook } from '../domain/decision.js'
import type { Member, Members } from '../domain/message.js'
import type { PolicyInput } from '../domain/policy-input.js'
import type { Command } from './command.js'

const options = {
  bundle: { type: 'string', value: 'FILE|SET', help: 'The bundle, or policy set, that decides' },
  input: {
    type: 'string',
    value: 'FILE|-',
    help: 'The input document as JSON; - reads the standard input',
  },
  hook: { type: 'string', value: 'HOOK', help: "pre, post or list; by default the document's own" },
  explain: {
    type: 'boolean',
    help: 'Add the rules that were looked at, and where they failed; needs the set and opa',
  },
  fail: { type: 'boolean', help: 'Exit with 1 when the call is refused' },
  opa: opaOption,
} as const

export const policyEval: Command = {
  name: 'policy eval',
  summary: 'Judge one input document and print the decision as JSON',
  synopsis:
    '--bundle FILE|SET --input FILE|- [--hook pre|post|list] [--explain] [--fail] [--opa PATH]',
  options,
  details:
    'The exit code is 0 whatever was decided, unless --fail is there. What cannot be judged exits with 1.',
  async run(args, { terminal, readInput }) {
    const { values } = parseCommandLine(args, options, [])
    if (values.bundle === undefined) throw new CommandError(2, 'Name the bundle with --bundle')
    if (values.input === undefined)
      throw new CommandError(2, 'Name the input document with --input')
    const { bundle: path, opa = 'opa' } = values
    const isSet = await isFolder(path)
    if (values.explain === true && !isSet) {
      throw new CommandError(
        2,
        `--explain reads sources, and ${path} has none: name the set's folder`,
      )
    }
    const policy = await compileLocally(
      isSet ? await openArchive(await buildSet(path, { opa })) : await readBundleFile(path),
    )
    const text = values.input === '-' ? await readInput() : await readNamedFile(values.input)
    const input = readDocument(text, values.hook)
    const { decision, report } = judgeLocally(policy, input)
    const { hook, document } = input
    const explained =
      values.explain === true
        ? { explain: await explainRego({ set: path, opa, hook, document }) }
        : {}
    terminal.out(`${JSON.stringify({ ...report, ...explained }, undefined, 2)}\n`)
    const isRefused = decision.effect === 'deny' || decision.effect === 'ask'
    return values.fail === true && isRefused ? 1 : 0
  },
}

function readDocument(text: Buffer, demanded: string | undefined): PolicyInput {
  const { shape, value, members, wellFormed } = scanDocument(text)
  if (shape !== 'object') throw new CommandError(1, 'The input has to be a JSON object')
  if (!wellFormed)
    throw new CommandError(1, 'The input holds a lone surrogate, which policy cannot see')
  const hook = hookOf(demanded, textMember(text, members, 'hook'), members)
  const document = text.subarray(value.start, value.end)
  const time = Date.parse(textMember(text, members, 'time') ?? '')
  return {
    hook,
    call: callOf(text, members),
    time: Number.isNaN(time) ? Date.now() : time,
    document,
  }
}

function scanDocument(text: Buffer): ReturnType<typeof scanJson> {
  try {
    return scanJson(text)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new CommandError(1, `The input cannot be read: ${reason}`)
  }
}

function hookOf(demanded: string | undefined, written: string | undefined, members: Members): Hook {
  if (demanded !== undefined && written !== undefined && demanded !== written) {
    throw new CommandError(2, `--hook is ${demanded}, and the document says ${written}; change one`)
  }
  const implied = members.has('response') ? 'post' : members.has('items') ? 'list' : 'pre'
  const hook = demanded ?? written ?? implied
  if (hook === 'pre' || hook === 'post' || hook === 'list') return hook
  throw new CommandError(2, `There is no hook ${hook} to judge; give pre, post or list`)
}

/** The call that the document tells of: what reads the result has to know which method it is about. */
function callOf(text: Buffer, members: Members): Call {
  const kind = textMember(text, members, 'kind')
  if (kind === undefined) throw new CommandError(1, 'The input needs "kind", such as "tools/call"')
  try {
    return localCall({ kind, params: paramsOf(text, members) })
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
    throw new CommandError(1, `The input does not tell of a ${kind}: ${error.message}`)
  }
}

function paramsOf(text: Buffer, members: Members): string {
  const named = members.get('tool') ?? members.get('prompt')
  if (named !== undefined) return namedTarget(text, named.members)
  const whole = members.get('resource') ?? members.get('params')
  return whole?.shape === 'object' ? raw(text, whole) : '{}'
}

function namedTarget(text: Buffer, members: Members): string {
  const pairs = [
    ['name', members.get('name')],
    ['arguments', members.get('args')],
  ] as const
  const present = pairs.flatMap(([key, member]) =>
    member === undefined ? [] : [`"${key}":${raw(text, member)}`],
  )
  return `{${present.join(',')}}`
}

function textMember(text: Buffer, members: Members, name: string): string | undefined {
  const member = members.get(name)
  return member?.shape === 'string' ? decodeString(text, member.value) : undefined
}

function raw(text: Buffer, { value }: Member): string {
  return text.toString('utf8', value.start, value.end)
}
