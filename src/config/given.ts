import { settingNames, settingOf } from './settings.js'
import type { SettingName } from './settings.js'

/**
 * What an operator gave for one setting, not checked yet; `broken` where its fault is known already.
 * `origin` is the name under which it was given: `PORT`, `--port`, `mcp.port in gateway.yaml`.
 */
export type Given =
  | { readonly type: 'value'; readonly value: unknown; readonly origin: string }
  | { readonly type: 'broken'; readonly origin: string }

/** Everything that one place (flags, environment, file) gave. */
export interface Source {
  readonly given: ReadonlyMap<SettingName, Given>
  readonly faults: readonly string[]
}

/** @throws Error of the file system when the file cannot be read */
export type ReadFile = (path: string) => string

export const secretNames: readonly SettingName[] = settingNames.filter(
  (name) => settingOf(name).secret,
)

/** Reads a file that holds a secret; a newline at its end is no part of it. */
export function readSecret(
  origin: string,
  path: unknown,
  readFile: ReadFile,
): { readonly given: Given; readonly faults: readonly string[] } {
  const broken = (fault: string) => ({
    given: { type: 'broken', origin } as const,
    faults: [fault],
  })
  if (typeof path !== 'string' || path === '') {
    return broken(`${origin}: give the path of a file that holds the secret`)
  }
  try {
    const value = readFile(path).replace(/\r?\n$/, '')
    if (value === '')
      return broken(`${origin}: the file ${path} is empty; write the secret into it`)
    return { given: { type: 'value', value, origin }, faults: [] }
  } catch (error) {
    return broken(
      `${origin}: the file ${path} cannot be read (${errorCode(error)}): ${adviceOnFile(error)}`,
    )
  }
}

/** The system's short name of a failure, such as `ENOENT`: it says why and repeats nothing of the content. */
/** What to do about a file that cannot be read. */
export function adviceOnFile(error: unknown): string {
  return fileAdvice.get(errorCode(error)) ?? 'check the file and its path'
}

const fileAdvice: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'there is no such file; check the path'],
  ['ENOTDIR', 'there is no such file; check the path'],
  ['EISDIR', 'it is a folder; name the file in it'],
  ['EACCES', 'this user may not read it; change its mode or its owner'],
])

export function errorCode(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : 'unreadable'
}

export function bothForms(plain: string, file: string): string {
  return `${plain} and ${file} are both set; keep one of them`
}
