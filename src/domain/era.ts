/**
 * The two ways in which MCP is spoken. `legacy`: an `initialize` handshake and sessions, revisions 2024-11-05 to
 * 2025-11-25. `modern`: every request says in its `_meta` what it needs, revision 2026-07-28 and later.
 */
export type Era = 'legacy' | 'modern'

/** The revisions that a server speaks, newest first; an empty list where it does not speak an era. */
export interface Eras {
  readonly legacy: readonly string[]
  readonly modern: readonly string[]
}
