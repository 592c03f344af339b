// Golden vectors for the builtins that the gateway gives a policy: what `opa eval` answers on generated arguments.
//
//   node scripts/builtin-vectors.mjs [--check] [family …]     OPA names the program if `opa` is not on the path
//
// A family is a file in scripts/builtin-vectors/ that exports `builtins`: by name, `{ count, args, fixed, wild }`:
//   args(random)   makes the arguments of one call, as an array; called `count` times (300 if left out)
//   fixed          argument arrays to have besides: the borders, and what once went wrong
//   wild           false where a random value in the place of an argument could hang `opa`; else a sixth of the
//                  generated calls come once more with one
// Arguments are JavaScript values; a Set is a set, a Map an object with any keys, a bigint an integer, and
// `raw('1.0')` the text of a number. The vectors go to test/fixtures/builtins/FAMILY.json, where
// test/policy/builtins/vectors.test.ts finds them by itself. All families together make the policy of
// test/fixtures/policies/every-builtin as well, whose bundle test/fixtures/policies/build.sh builds. With --check they are made again and compared.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { format } from 'prettier'
import { createRandom, printArgument, wildValue } from './builtin-vectors/arguments.mjs'

const opa = process.env['OPA'] || 'opa'
const sources = new URL('./builtin-vectors/', import.meta.url)
const vectors = new URL('../test/fixtures/builtins/', import.meta.url)
const policy = new URL('../test/fixtures/policies/every-builtin/mcp.rego', import.meta.url)

// What differs from one evaluation to the next has no vectors.
const withoutVectors = ['time.now_ns', 'uuid.rfc4122']

const check = process.argv.includes('--check')
const asked = process.argv.slice(2).filter((argument) => !argument.startsWith('--'))
const families = readdirSync(sources)
  .filter((file) => file.endsWith('.mjs') && file !== 'arguments.mjs')
  .map((file) => basename(file, '.mjs'))
  .filter((family) => asked.length === 0 || asked.includes(family))

mkdirSync(vectors, { recursive: true })
const names = [...withoutVectors]
let stale = 0
for (const family of families) {
  const { builtins } = await import(new URL(`${family}.mjs`, sources).href)
  names.push(...Object.keys(builtins))
  const text = textOf(answer(family, casesOf(builtins)))
  write(new URL(`${family}.json`, vectors), await format(text, { parser: 'json', printWidth: 100 }))
}
if (asked.length === 0) write(policy, regoOfEvery(names))
process.exitCode = stale === 0 ? 0 : 1

function write(file, text) {
  if (!check) writeFileSync(file, text)
  else if (readFileSync(file, 'utf8') !== text) {
    console.error(`${basename(file.pathname)} is out of date; run node scripts/builtin-vectors.mjs`)
    stale += 1
  }
}

/** By builtin, the texts of the argument lists, each once. */
function casesOf(builtins) {
  return Object.fromEntries(
    Object.entries(builtins).map(([name, { count = 300, args, fixed = [], wild = true }]) => {
      const random = createRandom(name)
      const calls = [...fixed]
      for (let n = 0; n < count; n += 1) {
        const made = args(random)
        calls.push(made)
        if (wild && made.length > 0 && n % 6 === 0) {
          calls.push(made.with(random.below(made.length), wildValue(random)))
        }
      }
      return [name, [...new Set(calls.map((call) => printArgument(call)))]]
    }),
  )
}

/**
 * By builtin, `[arguments, result]` as texts; the result is null where the call is undefined and has `set` before it
 * where it is a set. The arguments come as input, so that their types are unknown when the calls are compiled.
 */
function answer(family, cases) {
  const folder = mkdtempSync(join(tmpdir(), 'vectors-'))
  try {
    writeFileSync(join(folder, 'cases.rego'), regoOfCases(cases))
    writeFileSync(join(folder, 'answers.rego'), regoOfAnswers(cases))
    const query = 'data.answers.all with input as data.cases.all'
    const { stdout, stderr } = spawnSync(opa, ['eval', '-d', folder, '-f', 'json', query], {
      maxBuffer: 1 << 30,
      env: { ...process.env, TZ: 'UTC', ZONEINFO: zoneinfo() },
    })
    const { result, errors } = JSON.parse(stdout.toString() || '{}')
    if (result === undefined) throw new Error(`${family}: ${stderr} ${JSON.stringify(errors)}`)
    const answers = result[0].expressions[0].value
    return Object.entries(cases).map(([name, calls]) => {
      const results = answers[name]
      if (results === undefined) throw new Error(`${family}: opa gives no answers for ${name}`)
      return [name, calls.map((call, at) => [call, shown(results[at][0])])]
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function shown(answer) {
  if (answer === undefined) return null
  const [isSet, text] = answer
  return (isSet ? 'set ' : '') + text
}

/** The time zones that `opa` carries, rather than those of the machine. */
function zoneinfo() {
  try {
    return join(execFileSync('go', ['env', 'GOROOT']).toString().trim(), 'lib/time/zoneinfo.zip')
  } catch {
    return ''
  }
}

function regoOfCases(cases) {
  const lines = Object.entries(cases).map(
    ([name, calls]) => `${JSON.stringify(name)}: [\n${calls.join(',\n')}\n]`,
  )
  return `package cases\n\nall := {${lines.join(',\n')}}\n`
}

function regoOfAnswers(cases) {
  const rules = Object.keys(cases).map((name) => {
    const parameters = parametersOf(name)
    return `all["${name}"] := [found |
	some a in input["${name}"]
	found := [[is_set(r), json.marshal(r)] | r := ${name}(${parameters.join(', ')})]
]`
  })
  return `package answers\n\n${rules.join('\n\n')}\n`
}

/** A policy that calls the builtin that its input names, on each argument list of its input. */
function regoOfEvery(names) {
  const rules = names.sort().map(
    (name) => `pre := found if {
	input.name == "${name}"
	found := [[r | r := ${name}(${parametersOf(name).join(', ')})] | some a in input.calls]
}`,
  )
  return `package mcp\n\n${rules.join('\n\n')}\n`
}

function parametersOf(name) {
  const { args } = declarations()[name]?.decl ?? {}
  return (args ?? []).map((_, at) => `a[${at}]`)
}

function declarations() {
  declarations.known ??= Object.fromEntries(
    JSON.parse(
      execFileSync(opa, ['capabilities', '--current'], { maxBuffer: 1 << 26 }),
    ).builtins.map((builtin) => [builtin.name, builtin]),
  )
  return declarations.known
}

/** One line a call, so that a change of one is a change of one line. */
function textOf(answers) {
  const blocks = answers.map(
    ([name, calls]) =>
      `${JSON.stringify(name)}: [\n${calls.map((call) => JSON.stringify(call)).join(',\n')}\n]`,
  )
  return `{\n${blocks.join(',\n')}\n}\n`
}
