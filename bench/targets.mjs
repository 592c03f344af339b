import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startServer } from './processes.mjs'

const starter = fileURLToPath(new URL('../bundles/starter.tar.gz', import.meta.url))
const gateway = '../dist/main.js'

/** Everything that is called end to end, each in a process of its own, all before the same upstream. */
export async function startTargets({ core }) {
  const upstream = await startServer('upstream.mjs')
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-bench-'))
  const records = join(folder, 'decisions.jsonl')
  const started = [upstream]
  const start = async (name, script, options) => {
    const server = await startServer(script, { ...options, core })
    started.push(server)
    return { name, ...server }
  }
  const portcullis = (name, env) =>
    start(name, gateway, { args: ['serve'], env: { ...gatewayEnv(upstream.url), ...env } })

  async function stop() {
    for (const server of started.reverse()) await server.stop()
    rmSync(folder, { recursive: true })
  }

  try {
    const targets = [
      { name: 'direct', url: upstream.url, pid: undefined },
      await start('control', 'control-proxy.mjs', { args: [upstream.url] }),
      await portcullis('off', { POLICY_MODE: 'off', DECISION_LOG: 'off' }),
      await portcullis('enforce', { ...enforced, DECISION_LOG: 'off' }),
      await portcullis('enforce + log', { ...enforced, DECISION_LOG: records }),
    ]
    return { targets, recorded: () => decisionsIn(records), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

const enforced = { POLICY_MODE: 'enforce', POLICY_BUNDLE_PATH: starter }

function gatewayEnv(upstreamUrl) {
  return {
    NODE_ENV: 'production',
    PORT: '0',
    OPS_PORT: '0',
    UPSTREAM_URL: upstreamUrl,
    LOG_LEVEL: 'error',
  }
}

/** How many pre decisions of tools/call stand in the log. */
function decisionsIn(path) {
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n')
  const entries = lines.map((line) => JSON.parse(line))
  return entries.filter(
    ({ type, hook, kind }) => type === 'decision' && hook === 'pre' && kind === 'tools/call',
  ).length
}
