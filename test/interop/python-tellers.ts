import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Teller, Transcript } from './telling.js'

/** An interpreter that lives through one story after the other. */
export interface Python {
  tell(telling: object): Promise<Transcript>
  close(): Promise<void>
}

/**
 * @param interpreter of an environment that has the SDK of the script
 * @param script of test/support/python
 */
export function startPython(interpreter: string, script: 'sdk_v1.py' | 'sdk_v2.py'): Python {
  const path = new URL(`../support/python/${script}`, import.meta.url).pathname
  const stdio = ['pipe', 'pipe', 'inherit'] as const
  const child = spawn(interpreter, ['-B', '-W', 'ignore', path], { stdio: [...stdio] })
  const ended = once(child, 'close')
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  let last: Promise<unknown> = Promise.resolve()

  const ask = async (telling: object): Promise<Transcript> => {
    child.stdin.write(`${JSON.stringify(telling)}\n`)
    const { value, done } = await lines.next()
    if (done === true) throw new Error(`${interpreter} has ended`)
    return JSON.parse(value) as Transcript
  }
  return {
    tell: (telling) => {
      const told = last.then(() => ask(telling))
      last = told.catch(() => undefined)
      return told
    },
    close: async () => {
      child.stdin.end()
      await ended
    },
  }
}

export function firstPythonSdk(python: Python): Teller {
  return teller('Python SDK 1', false, python, {})
}

/** @param mode a revision stands for itself alone, without a question which are spoken */
export function secondPythonSdk(python: Python, mode: 'legacy' | 'auto' | '2026-07-28'): Teller {
  return teller(`Python SDK 2, ${mode}`, mode !== 'legacy', python, { mode })
}

function teller(name: string, isModern: boolean, python: Python, options: object): Teller {
  return {
    name,
    isModern,
    meantToFail: ['errors.unknown_tool', 'errors.unknown_prompt', 'errors.unknown_resource'],
    tell: (telling) => python.tell({ ...options, ...telling }),
  }
}
