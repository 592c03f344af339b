// Makes policies/capabilities.json: what a policy may call, for `opa build --capabilities` and `opa check --capabilities`.
//
//   node scripts/capabilities.mjs [--check]     OPA names the program if `opa` is not on the path; dist/ must be built
//
// A builtin is among them where the module has it compiled in, which is found out by compiling a policy that calls it,
// or where the gateway offers it. With --check the file is compared, and nothing is written.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { format } from 'prettier'
import { builtins as offered } from '../dist/policy/builtins/offered.js'

const opa = process.env['OPA'] || 'opa'
const file = new URL('../policies/capabilities.json', import.meta.url)

// The compiler rewrites these, or drops them.
const ofCompiler = new Set(['assign', 'eq', 'internal.print', 'internal.test_case'])

const folder = mkdtempSync(join(tmpdir(), 'capabilities-'))
try {
  const current = JSON.parse(
    execFileSync(opa, ['capabilities', '--current'], { maxBuffer: 1 << 26 }),
  )
  const builtins = current.builtins.filter(
    ({ name, ...builtin }) => ofCompiler.has(name) || isAvailable({ name, ...builtin }),
  )
  const missing = Object.keys(offered).filter(
    (name) => !builtins.some((known) => known.name === name),
  )
  if (missing.length > 0)
    throw new Error(`opa does not know, or does not ask for: ${missing.join(', ')}`)
  const published = JSON.stringify({ ...current, builtins, allow_net: [] }, null, 2)
  const text = await format(published, { parser: 'json', printWidth: 100 })
  if (!process.argv.includes('--check')) writeFileSync(file, text)
  else if (readFileSync(file, 'utf8') !== text) {
    console.error('policies/capabilities.json is out of date; run node scripts/capabilities.mjs')
    process.exitCode = 1
  }
} finally {
  rmSync(folder, { recursive: true })
}

function isAvailable(builtin) {
  const wanted = wantedBy(builtin)
  return wanted !== undefined && wanted.every((name) => Object.hasOwn(offered, name))
}

/** The builtins that a module with a call of it asks its host for; undefined where it cannot be compiled. */
function wantedBy({ name, decl, infix }) {
  const args = (decl.args ?? []).map((_, at) => `input.a${at}`)
  const call = infix ? args.join(` ${infix} `) : `${name}(${args.join(', ')})`
  const source = join(folder, 'p.rego')
  const bundle = join(folder, 'bundle.tar.gz')
  for (const rule of [
    `r := x if x := ${call}`,
    `r if ${call}`,
    `r := x if x := ${name}(${args.join(', ')})`,
  ]) {
    writeFileSync(source, `package p\n\n${rule}\n`)
    const { status } = spawnSync(opa, ['build', '-t', 'wasm', '-e', 'p/r', source, '-o', bundle])
    if (status === 0) return wantedOf(moduleIn(gunzipSync(readFileSync(bundle))))
  }
  return undefined
}

function moduleIn(tar) {
  for (let at = 0; at + 512 <= tar.length;) {
    const name = tar.toString('latin1', at, at + 100).replace(/\0.*$/, '')
    const size = parseInt(tar.toString('latin1', at + 124, at + 136), 8) || 0
    if (name.endsWith('policy.wasm')) return tar.subarray(at + 512, at + 512 + size)
    at += 512 + Math.ceil(size / 512) * 512
  }
  throw new Error('opa built a bundle without policy.wasm')
}

function wantedOf(bytes) {
  const { Instance, Memory, Module } = globalThis.WebAssembly
  const memory = new Memory({ initial: 5 })
  const call = () => 0
  const env = { memory, opa_abort: call, opa_println: call, opa_builtin0: call, opa_builtin1: call }
  Object.assign(env, { opa_builtin2: call, opa_builtin3: call, opa_builtin4: call })
  const { exports } = new Instance(new Module(bytes), { env })
  const start = exports.opa_json_dump(exports.builtins())
  const text = Buffer.from(memory.buffer)
  return Object.keys(JSON.parse(text.toString('utf8', start, text.indexOf(0, start))))
}
