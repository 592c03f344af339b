import { RegoFault } from './rego-fault.js'

/**
 * The value in a result set of one entrypoint; undefined where policy leaves it so.
 * @throws RegoFault `result_too_large` when it is nested deeper than those who read it are ready for, `trap` when it is no
 * result set
 */
export function readResult(text: string): unknown {
  if (isDeep(text)) {
    throw new RegoFault('result_too_large', `the result is nested deeper than ${deepest}`, '')
  }
  return resultSet(text)[0]?.result
}

function resultSet(text: string): readonly { readonly result: unknown }[] {
  try {
    return JSON.parse(text) as readonly { readonly result: unknown }[]
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : ''
    throw new RegoFault('trap', `the result is not JSON: ${message}`, '')
  }
}

const deepest = 100

function isDeep(text: string): boolean {
  if (text.length <= 2 * deepest) return false
  let depth = 0
  for (const [bracket] of text.matchAll(bracketsAndStrings)) {
    if (bracket === '[' || bracket === '{') depth += 1
    else if (bracket === ']' || bracket === '}') depth -= 1
    if (depth > deepest) return true
  }
  return false
}

// A string that does not end reaches to the end of the text: else it would be searched from each of its quotes on.
const bracketsAndStrings = /[[\]{}]|"(?:[^"\\]|\\[^])*"?/g
