// Makes a fresh clone runnable with nothing but Node and npm: installs what the lockfile names, then
// builds, each only when it is out of date.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'

const force = process.argv.includes('--force')
const modified = (path) => (existsSync(path) ? statSync(path).mtimeMs : 0)

const newest = (folder) =>
  Math.max(
    0,
    ...readdirSync(folder, { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile())
      .map((entry) => modified(join(entry.parentPath, entry.name))),
  )

function run(command, args) {
  const { status } = spawnSync(command, args, {
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32',
  })
  if (status !== 0) process.exit(status ?? 1)
}

if (modified('node_modules/.package-lock.json') < modified('package-lock.json')) {
  console.error('portcullis: installing dependencies')
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'])
}
const sources = Math.max(newest('src'), modified('tsconfig.json'), modified('tsconfig.build.json'))
if (force || modified('dist/main.js') < sources) {
  console.error('portcullis: building')
  rmSync('dist', { recursive: true, force: true })
  run('npx', ['--no-install', 'tsc', '-p', 'tsconfig.build.json'])
}
