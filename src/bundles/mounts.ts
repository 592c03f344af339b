import type { Bundle } from '../domain/bundle.js'
import { mergeData } from './data-document.js'
import { isInside } from './manifest.js'

/** Two bundles that both claim a place in the data. */
export interface RootConflict {
  /** Their names. */
  readonly between: readonly [first: string, second: string]
  readonly message: string
}

interface Named {
  readonly name: string
  readonly bundle: Pick<Bundle, 'roots' | 'wasm' | 'rules'>
}

/** Whether the bundle decides anything, be it with Rego or with rules; otherwise it has data for others. */
export function hasPolicy({ wasm, rules }: Pick<Bundle, 'wasm' | 'rules'>): boolean {
  return wasm !== undefined || rules.length > 0
}

/**
 * Bundles without a policy are mounted into the data of each that has Rego, so nobody of those may share a root with
 * them. Those with a policy never meet: each is judged by itself. Rules read no data.
 */
export function rootConflict(bundles: readonly Named[]): RootConflict | undefined {
  const mounted = bundles.filter(({ bundle }) => !hasPolicy(bundle))
  const concerned = bundles.filter(({ bundle }) => bundle.wasm !== undefined || !hasPolicy(bundle))
  for (const first of mounted) {
    for (const second of concerned) {
      if (second === first) continue
      const root = sharedRoot(first.bundle.roots, second.bundle.roots)
      if (root !== undefined) return conflict(first, second, root)
    }
  }
  return undefined
}

/** The deeper of two roots of which one lies in the other. */
function sharedRoot(first: readonly string[], second: readonly string[]): string | undefined {
  return (
    second.find((root) => isInside(first, root)) ?? first.find((root) => isInside(second, root))
  )
}

function conflict(first: Named, second: Named, root: string): RootConflict {
  const all = [first, second].filter(({ bundle }) => bundle.roots.includes(''))
  const why = all.map(
    ({ name }) => `. "${name}" claims everything: name its roots in its .manifest`,
  )
  const advice = why.length > 0 ? why.join('') : ': give each roots of its own in its .manifest'
  return {
    between: [first.name, second.name],
    message:
      `The bundles "${first.name}" and "${second.name}" both claim ` +
      `${root === '' ? 'all of the data' : `the root "${root}"`}${advice}`,
  }
}

/**
 * The data of a policy with that of other bundles beside it; their roots are disjoint.
 * @throws PolicySupplyError `check` where they are not
 */
export function mountData(own: Buffer, mounted: readonly Buffer[]): Buffer {
  if (mounted.length === 0) return own
  return mergeData(
    [own, ...mounted].map((text) => ({ folder: [], text })),
    [''],
  )
}
