import type { Environment } from './environment.js'

/**
 * A text with each `${NAME}` and `${NAME:-default}` replaced from the environment; a default stands for a variable
 * that is unset or empty. `faults` follow the name of the place where the text stands.
 */
export function withReferences(
  text: string,
  env: Environment,
): { readonly text: string; readonly faults: readonly string[] } {
  const faults: string[] = []
  const filled = text.replace(reference, (written, inside: string) => {
    const [, name = '', fallback] = (written.endsWith('}') && wellFormed.exec(inside)) || []
    const value = env[name]
    if (name === '') {
      faults.push(
        `has ${shown(written)}, which names no variable: write \${NAME} or \${NAME:-default}`,
      )
    } else if (fallback !== undefined && (value === undefined || value === '')) {
      return fallback
    } else if (value === undefined) {
      faults.push(
        `needs the variable ${name}, which is not set: set it, or write \${${name}:-default}`,
      )
    }
    return value ?? ''
  })
  return { text: filled, faults }
}

const reference = /\$\{([^}]*)\}?/g
const wellFormed = /^([A-Za-z_][A-Za-z0-9_]*)(?::-([^]*))?$/

/** What follows the name may be a default, and that may be a secret. */
function shown(written: string): string {
  return JSON.stringify(written.replace(/:-[^]*/, ':-…').slice(0, 60))
}
