import type { Hook } from '../domain/decision.js'

/** The entrypoint of each hook. */
export const entrypoints: Readonly<Record<Hook, string>> = {
  pre: 'mcp/pre',
  post: 'mcp/post',
  list: 'mcp/list',
}

/** What a module has of each hook: a number of the module's own; undefined where it has none. */
export function numbersOf(
  compiled: Readonly<Record<string, number>>,
): Readonly<Record<Hook, number | undefined>> {
  return {
    pre: compiled[entrypoints.pre],
    post: compiled[entrypoints.post],
    list: compiled[entrypoints.list],
  }
}

export function hooksOf(
  compiled: Readonly<Record<string, number>>,
): Readonly<Record<Hook, boolean>> {
  const { pre, post, list } = numbersOf(compiled)
  return { pre: pre !== undefined, post: post !== undefined, list: list !== undefined }
}
