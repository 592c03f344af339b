import type { Path, Reporter } from './findings.js'
import type { Match } from './rule.js'
import type { MatchText } from './rule-schema.js'

/** Matchers as the engine wants them. Texts that no name can fit are reported. */
export function matchOf(
  text: MatchText | undefined,
  kinds: readonly string[],
  reporter: Reporter,
): Match {
  if (text !== undefined && Object.keys(text).length === 0) {
    reporter.fault(['match'], 'says nothing: leave it out, or name what the rule is about')
  }
  const { action_class: actionClass, ...given } = text ?? {}
  const match: Record<string, readonly string[]> = { kind: kinds }
  for (const member of globMembers) {
    const globs = given[member]
    if (globs !== undefined) match[member] = checked([globs].flat(), member, reporter)
  }
  return actionClass === undefined ? match : { ...match, actionClass: [actionClass].flat() }
}

/** Says what is wrong with a matcher or a member of a scope; undefined where nothing is. */
function globFault(member: string, glob: string): string | undefined {
  if (glob.length > longestGlob) return `is too long: at most ${longestGlob} characters`
  if (glob.trim() !== glob) return 'begins or ends with a blank, which no name does'
  if (/\p{Cc}/u.test(glob)) return 'has a control character, which no name has'
  const odd = plainNames.has(member) ? /[?[\]{}()|^$\\]/.exec(glob)?.[0] : undefined
  if (odd === undefined) return undefined
  return `has "${odd}", which stands for itself here: only * is special, and lists are written as [a, b]`
}

export function checkGlob(member: string, glob: string, path: Path, reporter: Reporter): void {
  const fault = globFault(member, glob)
  if (fault !== undefined) reporter.fault(path, fault)
}

const globMembers = ['client', 'user', 'team', 'server', 'tool', 'resource', 'prompt'] as const

/** Their names have none of the characters that other kinds of patterns are made with. */
const plainNames: ReadonlySet<string> = new Set(['kind', 'server', 'tool'])
const longestGlob = 1024

function checked(globs: readonly string[], member: string, reporter: Reporter): readonly string[] {
  for (const glob of globs) checkGlob(member, glob, ['match', member], reporter)
  return globs
}
