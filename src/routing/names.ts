/** A name of one server's, and the server that it belongs to. */
export interface Owned {
  readonly server: string
  /** As the server itself has it. */
  readonly bare: string
}

/**
 * `NAME__bare`: how a tool, prompt, task, event or request of one server is called where several are one. No server is
 * called with `__`, or with `_` at its end, so the first `__` splits it again, byte for byte. Names may become longer
 * than the 128 characters that MCP recommends; they are kept, since a cut name could not be called.
 */
export function qualified(server: string, bare: string): string {
  return `${server}${separator}${bare}`
}

/** Undefined for what was never qualified; whether there is such a server is another question. */
export function ownerOf(name: string): Owned | undefined {
  const at = name.indexOf(separator)
  if (at < 1) return undefined
  return { server: name.slice(0, at), bare: name.slice(at + separator.length) }
}

const separator = '__'
