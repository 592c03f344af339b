import { spawnSync } from 'node:child_process'

/** Whether there is an `opa` on the PATH: what the tests need besides Node has to be optional. */
export const hasOpa = spawnSync('opa', ['version']).status === 0
