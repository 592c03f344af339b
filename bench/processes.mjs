import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** A program of its own that serves MCP; `core` is the one that it may use, where it is to have one only. */
export async function startServer(script, { args = [], env = {}, core } = {}) {
  const program = [process.execPath, fileURLToPath(new URL(script, import.meta.url)), ...args]
  // taskset becomes the program that it starts, so that the process is the same.
  const [command, ...rest] = core === undefined ? program : ['taskset', '-c', core, ...program]
  const child = spawn(command, rest, {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const url = await addressOf(child, script)
  return {
    url,
    pid: child.pid,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGTERM')
      const killer = setTimeout(() => child.kill('SIGKILL'), 5_000)
      await once(child, 'exit')
      killer.close()
    },
  }
}

/** Each of them says on stderr where it serves. */
async function addressOf(child, script) {
  const said = []
  const lines = createInterface({ input: child.stderr })
  const found = new Promise((resolve, reject) => {
    lines.on('line', (line) => {
      said.push(line)
      const address = /MCP on (http:\S+?)[;,]?(?:\s|$)/.exec(line)
      if (address !== null) resolve(address[1])
    })
    child.once('exit', (code) =>
      reject(new Error(`${script} ended with ${code}:\n${said.join('\n')}`)),
    )
  })
  return found
}
