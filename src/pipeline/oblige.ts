import type { FieldPath } from '../domain/field-path.js'
import type { Obligation } from '../domain/obligation.js'
import type { Patterns } from '../domain/ports.js'
import type { Redacted } from '../wire/json-tree-redact.js'
import { mergePatch } from './oblige-merge.js'
import { applyOperations } from './oblige-operations.js'
import { countHiding, hideFields, isHiding, type Hiding } from './oblige-redact.js'
import { replaceStrings } from './oblige-replace.js'
import { checkAnchor, readRoot, writeRoot, type Root } from './oblige-root.js'

export { ObligationFault } from '../domain/obligation.js'
export { writableRoot, type Root } from './oblige-root.js'

export interface Work {
  /** A whole JSON-RPC message, checked before. */
  readonly text: Buffer
  readonly root: Root
  /**
   * In the order in which they are carried out; each sees what the ones before it left. Filters and masks that follow
   * each other see the same, and what shows least stands.
   */
  readonly obligations: readonly Obligation[]
  readonly patterns: Pick<Patterns, 'rewrite'>
  /** What the output schema of the called tool marks as sensitive; undefined where it is not known. */
  readonly sensitive?: readonly FieldPath[] | undefined
}

export interface Applied {
  /**
   * The same Buffer where nothing changed; otherwise every byte outside what was named is as it
   * was.
   */
  readonly text: Buffer
  readonly changed: boolean
  /** For each obligation, how many places it found: 0 for a mask whose fields are not there. */
  readonly matched: readonly number[]
}

/** The text of the root after one obligation, and how many places it found. */
export interface Edited {
  readonly text: string
  readonly places: number
}

/**
 * Carries out obligations on a message. A promise only where long strings are rewritten off the
 * serving thread.
 * @throws ObligationFault (or rejects with it) where one cannot be carried out: nothing of the
 * result may be used
 */
export function applyObligations(work: Work): Applied | Promise<Applied> {
  const before = readRoot(work.text, work.root)
  const matched: number[] = []
  const after = applyFrom(work, before, matched)
  return after instanceof Promise ? after.then(finish) : finish(after)

  function finish(source: string): Applied {
    if (source === before) return { text: work.text, changed: false, matched }
    return { text: writeRoot(work.text, work.root, source), changed: true, matched }
  }
}

/** Goes on behind the obligations that `matched` has counted already. */
function applyFrom(work: Work, before: string, matched: number[]): string | Promise<string> {
  let source = before
  while (matched.length < work.obligations.length) {
    const { text, places } = applyHiding(work, source, matched.length)
    matched.push(...places)
    const next = work.obligations[matched.length]
    if (next === undefined || isHiding(next)) return text
    const edited = applyOne(next, text, work)
    if (edited instanceof Promise) {
      return edited.then((done) => {
        matched.push(done.places)
        return applyFrom(work, done.text, matched)
      })
    }
    source = edited.text
    matched.push(edited.places)
  }
  return source
}

/** Carries out the filters and masks that come next, if any do. */
function applyHiding(
  { obligations, root, sensitive }: Work,
  source: string,
  index: number,
): Redacted {
  const end = index + countHiding(obligations, index)
  if (end === index) return { text: source, places: [] }
  return hideFields(source, obligations.slice(index, end), root, sensitive)
}

function applyOne(
  obligation: Exclude<Obligation, Hiding>,
  source: string,
  work: Work,
): Edited | Promise<Edited> {
  switch (obligation.type) {
    case 'merge':
      return mergePatch(source, obligation, work.root.name)
    case 'operations':
      return applyOperations(source, obligation, work.root.name)
    case 'replace':
      checkAnchor(obligation.path, 'replace', work.root)
      return replaceStrings(source, obligation, work.patterns)
  }
}
