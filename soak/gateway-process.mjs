import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { fileURLToPath, URL } from 'node:url'

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url))

/** The built gateway as an operator runs it, enforcing, with its decision log in a file. */
export async function startGatewayProcess(upstreamUrl, env) {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-soak-'))
  const records = join(folder, 'decisions.jsonl')
  const child = spawn(process.execPath, [main, 'serve'], {
    env: {
      PATH: process.env.PATH,
      PORT: '0',
      OPS_PORT: '0',
      UPSTREAM_URL: upstreamUrl,
      POLICY_MODE: 'enforce',
      DECISION_LOG: records,
      LOG_LEVEL: 'error',
      ...env,
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const ended = once(child, 'exit')
  const errors = new Map()
  const said = []
  const serving = new Promise((resolve) => {
    createInterface({ input: child.stderr }).on('line', (line) => {
      const found = /MCP on (\S+) for .* health on (\S+)/.exec(line)
      if (found !== null) resolve({ mcpUrl: found[1], opsUrl: found[2] })
      const msg = line.startsWith('{') ? JSON.parse(line).msg : 'plain'
      errors.set(msg, (errors.get(msg) ?? 0) + 1)
      said.push(line)
      if (said.length > 20) said.shift()
    })
  })
  const failed = ended.then(([code]) => {
    throw new Error(`the gateway ended with ${code}:\n${said.join('\n')}`)
  })
  failed.catch(() => undefined)
  return {
    ...(await Promise.race([serving, failed])),
    isAlive: () => child.exitCode === null && child.signalCode === null,
    /** How often each error was logged, by `msg`. */
    errors: () => Object.fromEntries(errors),
    lastLines: () => said.join('\n'),
    reload: () => child.kill('SIGHUP'),
    resources: () => resourcesOf(child.pid),
    /** The decision log so far. */
    records: () => readFileSync(records, 'utf8').split('\n').slice(0, -1),
    /** Gives its exit code. */
    async stop() {
      child.kill('SIGTERM')
      const [code] = await ended
      return code
    },
    remove: () => rmSync(folder, { recursive: true }),
  }
}

/** Open files and resident MiB; undefined on systems that do not show them under /proc. */
function resourcesOf(pid) {
  try {
    const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1])
    return { files: readdirSync(`/proc/${pid}/fd`).length, rss: (pages * 4096) / 2 ** 20 }
  } catch {
    return undefined
  }
}
