import type { FieldPath } from '../domain/field-path.js'
import type { MaskStyle, Redacting } from '../domain/obligation.js'
import { compareShown, maskedValue } from './json-tree-mask.js'
import { followRoutes, type PathState, type Reached } from './json-tree-paths.js'
import { base64Routes, textRoutes, wrappedTextRoutes, type Route } from './json-tree-routes.js'

/** Fields that are to be hidden. */
export interface Redaction extends Redacting {
  /** What policy calls it: the message of a fault names it. */
  readonly name: string
  readonly paths: readonly FieldPath[]
  readonly action: 'remove' | MaskStyle
}

/** One path of one redaction. */
export interface HiddenPath {
  readonly path: FieldPath
  readonly redaction: Redaction
  /** Which of the redactions that is. */
  readonly owner: number
}

/** It goes, it is a text that is the same for all, or one made of its spelling. */
export type Hiding =
  'remove' | { readonly text: string } | { readonly rewrite: (spelling: string) => string }

/** What all redactions together want of a place. */
export interface RedactionFacts {
  /** What becomes of the value here; undefined where no path names it. */
  readonly hiding: Hiding | undefined
  /** The paths that name it, by their numbers. */
  readonly named: readonly number[]
  /** The redactions that they belong to. */
  readonly owners: readonly number[]
  /** A path names something inside it, or could. */
  readonly isAhead: boolean
  /** Whether it counts that such a path is seen. */
  readonly isCountedInside: boolean
  /** What a string is here: text, Base64, or a value like any other. */
  readonly holds: 'text' | 'base64' | 'value'
  /** Of the paths that concern this place the one that is strictest about what cannot be read; undefined where none does. */
  readonly strictest: HiddenPath | undefined
}

export type RedactionState = PathState<RedactionFacts>

/** Whether the document is a result, with content of its own, and one that says a text of it twice. */
export type Content = 'none' | 'plain' | 'wrapped'

export function followRedactions(
  paths: readonly HiddenPath[],
  routes: readonly Route[],
  content: Content,
): RedactionState {
  const [text, base64] = [paths.length, paths.length + 1]
  return followRoutes([...routes, ...contentRoutes()], factsOf)

  function contentRoutes(): readonly Route[] {
    if (content === 'none') return []
    const wrapped = content === 'wrapped' ? wrappedTextRoutes(text) : []
    return [...textRoutes(text), ...wrapped, ...base64Routes(base64)]
  }

  function factsOf(reached: Reached): RedactionFacts {
    const named = reached.named.filter((path) => path < text)
    const ahead = reached.ahead.filter((path) => path < text)
    const at = (numbers: readonly number[]) => numbers.flatMap((number) => paths[number] ?? [])
    return {
      hiding: hidingOf(at(named)),
      named,
      owners: [...new Set(at(named).map(({ owner }) => owner))],
      isAhead: ahead.length > 0,
      isCountedInside: at(ahead).some(({ redaction }) => redaction.onMissing === 'deny'),
      holds: reached.named.includes(text)
        ? 'text'
        : reached.named.includes(base64)
          ? 'base64'
          : 'value',
      strictest: strictestOf(at([...named, ...ahead])),
    }
  }
}

function hidingOf(named: readonly HiddenPath[]): Hiding | undefined {
  const styles: MaskStyle[] = []
  for (const { action } of named.map(({ redaction }) => redaction)) {
    if (action === 'remove') return 'remove'
    styles.push(action)
  }
  const [style] = styles.sort(compareShown)
  if (style === undefined) return undefined
  if (style.type === 'text') return { text: JSON.stringify(style.text) }
  return { rewrite: (spelling) => maskedValue(style, spelling) }
}

function strictestOf(paths: readonly HiddenPath[]): HiddenPath | undefined {
  const saying = (wish: Redacting['onUnreadable']) =>
    paths.find(({ redaction }) => redaction.onUnreadable === wish)
  return saying('deny') ?? saying('remove') ?? saying('pass')
}
