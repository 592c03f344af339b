// Evaluates compiled policies here and in an `opa` that has an engine for them, on the same inputs, and compares.
//
//   go install -tags opa_wasm github.com/open-policy-agent/opa@v1.22.0
//   node scripts/opa-wasm-differential.mjs [--rounds N] [bundle.tar.gz …]      OPA names the program; dist/ must be built
//
// Without bundles: the starter, and those of test/fixtures/policies. Inputs are made from the paths and the texts that
// stand in a bundle's policies; the one that calls every builtin gets the arguments of the golden vectors. Policies that
// ask for the clock are left out.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createRandom } from './builtin-vectors/arguments.mjs'
import { openUnverified } from '../dist/bundles/open-bundle.js'
import { createRegoEvaluator } from '../dist/policy/evaluator.js'
import { fuelOf } from '../dist/policy/rego-fuel.js'
import { instantiateWithData } from '../dist/policy/rego-snapshot.js'
import { compileRego } from '../dist/policy/rego.js'

const opa = process.env['OPA'] || 'opa'
const fixtures = fileURLToPath(new URL('../test/fixtures/policies', import.meta.url))
const vectors = fileURLToPath(new URL('../test/fixtures/builtins', import.meta.url))
const maxInputBytes = 1 << 20

// The time of every call; what depends on the clock or on chance is different in each engine.
const time = Date.UTC(2026, 10, 20, 10)
const differentByNature = ['time.now_ns', 'uuid.rfc4122']

const args = process.argv.slice(2)
const rounds = args[0] === '--rounds' ? Number(args.splice(0, 2)[1]) : 500
const bundles = args.length > 0 ? args : usualBundles()

if (!spawnSync(opa, ['version']).stdout?.toString().includes('WebAssembly: available')) {
  console.error(
    'opa has no engine for WebAssembly: install it with -tags opa_wasm, or name it in OPA',
  )
  process.exit(2)
}

let differences = 0
for (const path of bundles) {
  const { compared, differing } = await compare(path)
  console.log(`${path}: ${compared} evaluations, ${differing.length} differences`)
  for (const difference of differing.slice(0, 5)) console.log(JSON.stringify(difference))
  differences += differing.length
}
process.exitCode = differences === 0 ? 0 : 1

function usualBundles() {
  const own = readdirSync(fixtures).map((name) => join(fixtures, name, 'bundle.tar.gz'))
  const starter = fileURLToPath(new URL('../bundles/starter.tar.gz', import.meta.url))
  return [starter, ...own.filter((path) => existsSync(path))]
}

async function compare(path) {
  const bundle = await openUnverified(readFileSync(path), 1 << 26)
  const differing = []
  let compared = 0
  const isVaried =
    !path.includes('every-builtin') && differentByNature.some(isIn(sourceBeside(path)))
  if (isVaried) return { compared, differing }
  const opened = bundle.wasm === undefined ? undefined : await open(bundle).catch(() => undefined)
  if (opened === undefined) return { compared, differing }
  const server = await serve(path)
  try {
    for (const document of documentsFor(path)) {
      for (const entrypoint of bundle.entrypoints) {
        const ours = evaluateHere(opened, entrypoint, document)
        if (!isPrintable(document) || !isPrintable(ours)) continue
        const theirs = await evaluateThere(server.socket, entrypoint, document)
        compared += 1
        if (ours !== theirs) differing.push({ entrypoint, document, ours, theirs })
      }
    }
  } finally {
    await server.close()
  }
  return { compared, differing }
}

/**
 * Whether the engine in `opa` can hand the texts of some JSON to its own builtins: it writes them as Go does, and the
 * module does not read what Go escapes; nor can bytes that are no UTF-8 come back.
 */
function isPrintable(json) {
  const plain = json.replace(/\\u([\da-f]{4})/gi, (_, code) =>
    String.fromCharCode(parseInt(code, 16)),
  )
  return !/[^ \n\r\t\p{L}\p{M}\p{N}\p{P}\p{S}]|\ufffd|\\[bf]/u.test(plain)
}

function isIn(source) {
  return (name) => source.includes(name)
}

async function open({ wasm, data }) {
  const module = await compileRego(wasm)
  const made = instantiateWithData(module, data, maxInputBytes)
  return createRegoEvaluator({ module, data, maxInputBytes, budget: fuelOf(10_000), ...made })
}

function evaluateHere(evaluator, entrypoint, document) {
  try {
    const hook = entrypoint.replace('mcp/', '')
    const text = evaluator.evaluate({ hook, time, document: Buffer.from(document) })
    return canonical(JSON.parse(text)[0]?.result)
  } catch {
    return 'fault'
  }
}

async function serve(path) {
  const folder = mkdtempSync(join(tmpdir(), 'opa-wasm-'))
  const socket = join(folder, 'opa.sock')
  const flags = [
    'run',
    '--server',
    '--log-level',
    'error',
    '--addr',
    `unix://${socket}`,
    '-b',
    path,
  ]
  const child = spawn(opa, flags, { stdio: 'ignore' })
  const ended = once(child, 'exit')
  while (!existsSync(socket)) {
    if (child.exitCode !== null) throw new Error(`opa ended with ${child.exitCode} on ${path}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return {
    socket,
    async close() {
      child.kill()
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function evaluateThere(socketPath, entrypoint, document) {
  const body = `{"input":${document}}`
  const call = request({ socketPath, method: 'POST', path: `/v1/data/${entrypoint}` })
  call.end(body)
  const [response] = await once(call, 'response')
  const chunks = []
  for await (const chunk of response) chunks.push(chunk)
  const answer = JSON.parse(Buffer.concat(chunks).toString())
  return answer.code === undefined ? canonical(answer.result) : 'fault'
}

/** Keys in order; arrays as well, because each engine lists a set in an order of its own. */
function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).sort().join()}]`
  if (typeof value !== 'object' || value === null) return String(JSON.stringify(value))
  const members = Object.keys(value).sort()
  return `{${members.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join()}}`
}

function documentsFor(path) {
  return path.includes('every-builtin') ? vectorDocuments() : randomDocuments(path)
}

function* vectorDocuments() {
  for (const file of readdirSync(vectors)) {
    for (const [name, calls] of Object.entries(
      JSON.parse(readFileSync(join(vectors, file), 'utf8')),
    )) {
      const texts = calls.map(([text]) => text).filter(isJson)
      if (differentByNature.includes(name)) continue
      for (const text of texts) yield `{"name":${JSON.stringify(name)},"calls":[${text}]}`
    }
  }
}

function isJson(text) {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function* randomDocuments(path) {
  const random = createRandom(basename(dirname(path)))
  const source = sourceBeside(path)
  const paths = [...source.matchAll(/\binput((?:\.\w+)+)/g)].map(([, names]) =>
    names.slice(1).split('.'),
  )
  const texts = [...source.matchAll(/"([^"\\\n]{0,60})"/g)].map(([, text]) => text)
  for (let n = 0; n < rounds; n += 1) {
    const document = { hook: random.pick(['pre', 'post', 'list']), tool: { name: 'x', args: {} } }
    for (const names of paths) {
      if (!random.once(4)) place(document, names, scalar(random, texts))
    }
    yield JSON.stringify(document)
  }
}

/** The policies beside the bundle, or those of the set that it has its name from. */
function sourceBeside(path) {
  const set = fileURLToPath(new URL(`../policies/${basename(path, '.tar.gz')}`, import.meta.url))
  return [dirname(path), set]
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
    .filter((name) => name.endsWith('.rego') && !name.endsWith('_test.rego'))
    .map((name) => readFileSync(name, 'utf8'))
    .join('\n')
}

function scalar(random, texts) {
  return random.pick([
    () => random.pick(texts.length > 0 ? texts : ['']),
    () => random.pick(texts.length > 0 ? texts : ['']),
    () => random.text(12),
    () => random.between(-5, 2000),
    () => random.pick([true, false, null, 1.5, 1e21, '', [], {}]),
    () => random.list(3, () => scalar(random, texts)),
  ])()
}

function place(document, names, value) {
  let at = document
  for (const name of names.slice(0, -1)) {
    if (typeof at[name] !== 'object' || at[name] === null || Array.isArray(at[name])) at[name] = {}
    at = at[name]
  }
  const last = names.at(-1)
  if (typeof at[last] !== 'object' || at[last] === null) at[last] = value
}
