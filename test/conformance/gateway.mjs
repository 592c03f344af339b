import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { fileURLToPath, URL } from 'node:url'

// It decides about every message in both directions, and allows what brings no script for it.
const policy = fileURLToPath(
  new URL('../fixtures/policies/scripted/bundle.tar.gz', import.meta.url),
)

/**
 * The built gateway, enforcing a policy that allows everything.
 * @param {{ main: string, env: Record<string, string> }} options `env` says what is behind it
 * @throws Error with what it wrote on stderr, where it ends before it serves
 */
export async function startGateway({ main, env }) {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-conformance-'))
  const records = join(folder, 'decisions.jsonl')
  const child = spawn(process.execPath, [main, 'serve'], {
    env: {
      PATH: process.env.PATH,
      PORT: '0',
      OPS_PORT: '0',
      POLICY_MODE: 'enforce',
      POLICY_BUNDLE_PATH: policy,
      DECISION_LOG: records,
      LOG_LEVEL: 'error',
      ...env,
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const ended = once(child, 'exit')
  const errors = []
  const serving = new Promise((resolve, reject) => {
    createInterface({ input: child.stderr }).on('line', (line) => {
      const address = /MCP on (http:\S+)/.exec(line)
      if (address === null) errors.push(line)
      else resolve(address[1])
    })
    ended.then(([code]) =>
      reject(new Error(`the gateway ended with ${code}:\n${errors.join('\n')}`)),
    )
  })
  return {
    url: await serving,
    /** Lines of its operator log. */
    errors: () => errors,
    /** How often each hook has decided so far. */
    decisions: () => decisionsIn(records),
    async close() {
      child.kill('SIGTERM')
      await ended
      rmSync(folder, { recursive: true })
    },
  }
}

function decisionsIn(records) {
  const lines = readFileSync(records, 'utf8').split('\n').slice(0, -1).map(JSON.parse)
  const decided = (hook) => lines.filter((line) => line.type === 'decision' && line.hook === hook)
  return { pre: decided('pre').length, post: decided('post').length }
}
