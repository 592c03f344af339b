import { RE2JS } from 're2js'
import type { SearchEffort } from '../domain/ports.js'

/** A compiled regular expression of RE2, which does not backtrack. */
export interface Expression {
  /** Instructions of its program. */
  readonly size: number
  /** The numbers of its named groups. */
  readonly groups: Readonly<Record<string, number | undefined>>
  test(text: string): boolean
  /**
   * The same as `test`.
   * @param effort is told what the engine is about to do beyond one look at each character, for whoever wants to end it
   * by throwing
   */
  search(text: string, effort: SearchEffort): boolean
  /** The replacement stands for itself, `$` included. */
  replaceAll(text: string, replacement: string): string
  /**
   * The matches from left to right, at most `limit` where that is not negative, as Go's `FindAllSubmatchIndex` has them:
   * for each group where it starts and where it ends, -1 where it has no part in the match.
   * @param work is told of what the engine does, for whoever wants to end it by throwing
   */
  matches(text: string, limit: number, work: Work): readonly Match[]
}

export type Match = readonly number[]

export interface Work {
  /** A search begins; the engine tells of each of them twice or so. */
  search(): void
  /** So many units are passed over on the way to the text with which every match begins. */
  skip(units: number): void
  /** One unit of the text is looked at, by as many instructions as there may be. */
  step(): void
}

/** @throws Error that says what is wrong with the pattern */
export function compileExpression(source: string): Expression {
  const pattern = RE2JS.compile(source)
  const engine = pattern.re2()
  const test = (text: string): boolean => pattern.test(text)
  let search: Expression['search'] | undefined
  return {
    size: Number(engine.numberOfInstructions()),
    groups: engine.namedGroups,
    test,
    search(text, effort) {
      search ??= createSearch(engine, test)
      return search(text, effort)
    },
    replaceAll: (text, replacement) => engine.replaceAll(text, replacement),
    matches: (text, limit, work) =>
      engine.allMatches(createObservedText(text, work), limit) as readonly Match[],
  }
}

/** The parts of the engine by which it searches: it builds an automaton as far as texts lead through it. */
interface Automaton {
  readonly prog: {
    readonly numLb: number
    readonly inst: readonly { readonly runes: { readonly length: number } }[]
  }
  readonly dfa: {
    readonly numClasses: number
    step(state: AutomatonState, ...at: readonly unknown[]): unknown
    match(...at: readonly unknown[]): boolean | null
  }
}

interface AutomatonState {
  readonly nfaStates: readonly number[]
}

function createSearch(
  { prog, dfa }: Automaton,
  test: (text: string) => boolean,
): Expression['search'] {
  let effort: SearchEffort | undefined
  const ranges = prog.inst.reduce((sum, { runes }) => sum + runes.length, 0) / prog.inst.length
  const step = dfa.step.bind(dfa)
  dfa.step = (state, ...at) => {
    const { length } = state.nfaStates
    effort?.explore(8 + dfa.numClasses / 64 + length * (1 + ranges / 16))
    return step(state, ...at)
  }
  const match = dfa.match.bind(dfa)
  dfa.match = (...at) => {
    const found = match(...at)
    if (found === null) effort?.giveUp()
    return found
  }
  return (text, told) => {
    if (prog.numLb > 0) told.giveUp()
    effort = told
    try {
      return test(text)
    } finally {
      effort = undefined
    }
  }
}

/** Whether the engine looks for groups without the visits of every instruction at every step. */
export function isSmallSearch(size: number, units: number): boolean {
  return size <= 500 && size * units <= 262_144
}

/** What the engine reads a text through. */
interface ObservedText {
  canCheckPrefix(): boolean
  endPos(): number
  hasString(): boolean
  hasAnyString(): boolean
  prefixLength(engine: Prefixed): number
  step(at: number): number
  index(engine: Prefixed, at: number): number
  context(at: number): number
}

interface Prefixed {
  readonly prefix: string
}

function createObservedText(text: string, work: Work): ObservedText {
  return {
    canCheckPrefix: () => true,
    endPos() {
      work.search()
      return text.length
    },
    // These only say whether a search is worth while.
    hasString: () => true,
    hasAnyString: () => true,
    prefixLength: ({ prefix }) => prefix.length,
    step(at) {
      work.step()
      const point = text.codePointAt(at)
      if (point === undefined) return endOfText
      return (point << 3) | (point > 0xffff ? 2 : 1)
    },
    index({ prefix }, at) {
      const found = text.indexOf(prefix, at)
      work.skip((found === -1 ? text.length : found) - at)
      return found === -1 ? -1 : found - at
    },
    context(at) {
      work.step()
      return boundaryBetween(text.charCodeAt(at - 1), text.charCodeAt(at))
    },
  }
}

const endOfText = -8

/** The bits of what holds between two characters: the start or the end of a line, of the text, of a word. */
function boundaryBetween(before: number, after: number): number {
  let bits = isWord(before) === isWord(after) ? 32 : 16
  if (Number.isNaN(before)) bits |= 5
  else if (before === lineFeed) bits |= 1
  if (Number.isNaN(after)) bits |= 10
  else if (after === lineFeed) bits |= 2
  return bits
}

const lineFeed = 10

function isWord(code: number): boolean {
  return (
    (code >= 0x61 && code <= 0x7a) ||
    (code >= 0x41 && code <= 0x5a) ||
    (code >= 0x30 && code <= 0x39) ||
    code === 0x5f
  )
}
