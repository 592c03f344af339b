import type { BundleScope } from '../domain/bundle.js'
import type { Call } from '../domain/call.js'

/** Whether a bundle with this scope has a say in the call. */
export type ScopeMatch = (call: Call) => boolean

/** Each member of the scope must match; what the call does not have (a tool, a team) matches nothing. */
export function createScopeMatch({ server, team, user, tool, kind }: BundleScope): ScopeMatch {
  const tests: ScopeMatch[] = []
  const when = (glob: string | undefined, test: (fits: Fits) => ScopeMatch): void => {
    if (glob !== undefined) tests.push(test(createGlob(glob)))
  }
  when(server, (fits) => (call) => fits(call.server))
  when(team, (fits) => (call) => call.principal.teams.some(fits))
  when(user, (fits) => (call) => fits(call.principal.id))
  when(
    tool,
    (fits) =>
      ({ operation }) =>
        operation.type === 'tool' && fits(operation.name),
  )
  when(kind, (fits) => (call) => fits(call.operation.kind))
  return (call) => tests.every((test) => test(call))
}

export function isEmptyScope(scope: BundleScope): boolean {
  return Object.values(scope).every((glob) => glob === undefined)
}

type Fits = (text: string) => boolean

/** `*` stands for any characters, none included; everything else for itself. Takes linear time for each piece. */
function createGlob(glob: string): Fits {
  const [first = '', ...rest] = glob.split('*')
  const last = rest.pop()
  if (last === undefined) return (text) => text === glob
  return (text) => {
    const end = text.length - last.length
    if (!text.startsWith(first) || !text.endsWith(last)) return false
    let at = first.length
    for (const piece of rest) {
      const found = text.indexOf(piece, at)
      if (found === -1) return false
      at = found + piece.length
    }
    return at <= end
  }
}
