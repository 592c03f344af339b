import type { FieldPath } from '../domain/field-path.js'
import { ObligationFault, type Filter, type Mask, type Obligation } from '../domain/obligation.js'
import type { Patterns } from '../domain/ports.js'
import { redact } from '../wire/json-tree-redact.js'
import { mergePatch } from './oblige-merge.js'
import { applyOperations } from './oblige-operations.js'
import { replaceStrings } from './oblige-replace.js'
import { readRoot, writeRoot, type Root } from './oblige-root.js'

export { ObligationFault } from '../domain/obligation.js'
export { writableRoot, type Root } from './oblige-root.js'

export interface Work {
  /** A whole JSON-RPC message, checked before. */
  readonly text: Buffer
  readonly root: Root
  /** In the order in which they are carried out; each sees what the ones before it left. */
  readonly obligations: readonly Obligation[]
  readonly patterns: Pick<Patterns, 'rewrite'>
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
  for (const obligation of work.obligations.slice(matched.length)) {
    const edited = applyOne(obligation, source, work)
    if (edited instanceof Promise) {
      return edited.then(({ text, places }) => {
        matched.push(places)
        return applyFrom(work, text, matched)
      })
    }
    source = edited.text
    matched.push(edited.places)
  }
  return source
}

function applyOne(obligation: Obligation, source: string, work: Work): Edited | Promise<Edited> {
  switch (obligation.type) {
    case 'merge':
      return mergePatch(source, obligation, work.root.name)
    case 'operations':
      return applyOperations(source, obligation, work.root.name)
    case 'replace':
      checkAnchor(obligation.path, 'replace', work.root)
      return replaceStrings(source, obligation, work.patterns)
    case 'filter':
    case 'mask':
      return redactFields(source, obligation, work.root)
  }
}

function redactFields(source: string, obligation: Filter | Mask, root: Root): Edited {
  const { type, paths } = obligation
  for (const path of paths) {
    checkAnchor(path, type, root)
    if (path.steps.every((step) => step.type === 'deep')) {
      throw new ObligationFault(
        `${type} ${path.source}: it names the whole of ${root.name}; deny instead`,
      )
    }
  }
  return redact(source, paths, obligation.type === 'filter' ? 'remove' : { mask: obligation.mask })
}

function checkAnchor(path: FieldPath, type: Obligation['type'], root: Root): void {
  if (path.root === undefined || path.root === root.name) return
  throw new ObligationFault(`${type} ${path.source}: only ${root.name} can be written here`)
}
