import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Teller, Transcript } from './telling.js'

/** @param python an interpreter whose environment has `mcp` 1.x */
export function firstPythonSdk(python: string): Teller {
  return teller('Python SDK 1', false, python, 'sdk_v1.py', {})
}

/**
 * @param python an interpreter whose environment has `mcp` 2.x
 * @param mode a revision stands for itself alone
 */
export function secondPythonSdk(python: string, mode: 'legacy' | 'auto' | '2026-07-28'): Teller {
  return teller(`Python SDK 2, ${mode}`, mode !== 'legacy', python, 'sdk_v2.py', { mode })
}

/** A process that lives through one story after the other. */
function teller(
  name: string,
  isModern: boolean,
  python: string,
  script: string,
  options: Readonly<Record<string, string>>,
): Teller {
  const path = new URL(`../support/python/${script}`, import.meta.url).pathname
  const child = spawn(python, ['-B', '-W', 'ignore', path], { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = once(child, 'close')
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  let last: Promise<unknown> = Promise.resolve()

  const ask = async (question: unknown): Promise<Transcript> => {
    child.stdin.write(`${JSON.stringify(question)}\n`)
    const { value, done } = await lines.next()
    if (done === true) throw new Error(`${name} has ended`)
    return JSON.parse(value) as Transcript
  }
  return {
    name,
    isModern,
    meantToFail: ['errors.unknown_tool', 'errors.unknown_prompt', 'errors.unknown_resource'],
    tell: (telling) => {
      const told = last.then(() => ask({ ...options, ...telling }))
      last = told.catch(() => undefined)
      return told
    },
    close: async () => {
      child.stdin.end()
      await ended
    },
  }
}
