import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, URL } from 'node:url'

const runner = fileURLToPath(
  new URL('../../node_modules/@modelcontextprotocol/conformance/dist/index.js', import.meta.url),
)
const scenarioMs = 10_000

/**
 * Runs what a revision of the specification requires of a server.
 * @param {{ node: string, url: string, revision: string }} options
 * @returns `conformant`: whether everything that is scored has passed; `checks`: status and message by
 *   `scenario/check`, with `#2` and so on where a scenario makes a check again
 */
export async function runConformance({ node, url, revision }) {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-conformance-'))
  try {
    const args = ['--url', url, '--requirements', revision, '--timeout', String(scenarioMs)]
    const child = spawn(node, [runner, 'server', ...args, '--output-dir', folder], {
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    const [code] = await once(child, 'exit')
    return { conformant: code === 0, checks: checksIn(folder) }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function checksIn(folder) {
  const checks = new Map()
  for (const name of readdirSync(folder).sort()) {
    // One folder a scenario: server-NAME-TIME, the time with dashes for what no file name may have.
    const scenario = /^server-(.+)-\d{4}-\d\d-\d\dT[\d-]+Z$/.exec(name)?.[1]
    if (scenario === undefined) continue
    const found = JSON.parse(readFileSync(join(folder, name, 'checks.json'), 'utf8'))
    for (const { id, status, errorMessage } of found) {
      checks.set(unusedKey(checks, `${scenario}/${id}`), { status, message: errorMessage })
    }
  }
  return checks
}

function unusedKey(checks, key) {
  if (!checks.has(key)) return key
  for (let count = 2; ; count += 1) if (!checks.has(`${key}#${count}`)) return `${key}#${count}`
}
