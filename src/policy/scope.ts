import type { BundleScope } from '../domain/bundle.js'
import type { Call } from '../domain/call.js'
import { createGlob, type Fits } from '../domain/glob.js'

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
