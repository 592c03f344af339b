import { execFile } from 'node:child_process'
import { z } from 'zod'
import { PolicySupplyError } from '../domain/errors.js'

/** The `opa` command line tool, run in one folder. */
export interface Opa {
  /** Its exit code and output, whatever they are. @throws PolicySupplyError `check` where it cannot be started */
  run(...args: readonly string[]): Promise<OpaOutput>
  /** Its output. @throws PolicySupplyError `check` where it cannot be started, `compile` with its own words where it fails */
  succeed(...args: readonly string[]): Promise<string>
}

export interface OpaOutput {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** @param binary without a slash it is looked for on PATH */
export function createOpa(binary: string, folder: string): Opa {
  const run: Opa['run'] = (...args) =>
    new Promise((resolve, reject) => {
      const options = { cwd: folder, env: plainEnv(), maxBuffer: 1 << 28 }
      execFile(binary, args, options, (fault, stdout, stderr) => {
        const exitCode = exitCodeOf(fault)
        if (typeof exitCode === 'number') resolve({ exitCode, stdout, stderr })
        else reject(notStarted(binary, exitCode))
      })
    })
  return {
    run,
    succeed: async (...args) => {
      const { exitCode, stdout, stderr } = await run(...args)
      if (exitCode === 0) return stdout
      const words = [stderr, stdout].map((text) => text.trim()).filter((text) => text !== '')
      const command = `opa ${args[0] ?? ''}`
      throw new PolicySupplyError(
        'compile',
        `"${command}" refused the policy set: ${words.join('\n')}`,
      )
    },
  }
}

/** OPA takes flags from `OPA_…` variables too; what it does is to depend on its arguments alone. */
function plainEnv(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^OPA_/.test(name)))
}

/** The system's short name of the failure where it never ran. */
function exitCodeOf(fault: unknown): number | string {
  if (fault === null) return 0
  return processFault.parse(fault).code ?? 'ended by a signal'
}

const processFault = z.object({ code: z.union([z.string(), z.number()]).nullish() })

function notStarted(binary: string, code: string): PolicySupplyError {
  if (code !== 'ENOENT') {
    return new PolicySupplyError('check', `OPA ("${binary}") cannot be started: ${code}`)
  }
  return new PolicySupplyError(
    'check',
    `OPA is not installed: there is no "${binary}". Install it with "go install ` +
      `github.com/open-policy-agent/opa@v1.22.0", or take the binary from OPA's release page, and put it on PATH`,
  )
}
