import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath, URL } from 'node:url'

const version = '24.21.0'
const folder = fileURLToPath(
  new URL(`../../node_modules/.cache/portcullis/node-${version}`, import.meta.url),
)
const program = join(folder, 'node_modules', '.bin', 'node')

/**
 * The path of a Node that the official runner runs on, which is 22 or later: this one, or one that is fetched
 * as a package and kept. The gateway and its servers stay on this one.
 */
export function runnerNode() {
  if (Number(process.versions.node.split('.')[0]) >= 22) return process.execPath
  if (!existsSync(program)) fetchNode()
  return program
}

function fetchNode() {
  const flags = [
    '--no-audit',
    '--no-fund',
    '--prefer-offline',
    '--loglevel=error',
    '--prefix',
    folder,
  ]
  const { status } = spawnSync('npm', ['install', ...flags, `node@${version}`], {
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  })
  if (status !== 0) throw new Error(`npm cannot install node@${version}, which the runner needs`)
}
