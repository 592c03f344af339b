import type { FieldPath } from '../domain/field-path.js'
import {
  ObligationFault,
  type Filter,
  type FilterSensitive,
  type Mask,
  type Obligation,
} from '../domain/obligation.js'
import { redact, type Redacted, type Redaction } from '../wire/json-tree-redact.js'
import { checkAnchor, type Root } from './oblige-root.js'

export type Hiding = Filter | FilterSensitive | Mask

/** How many obligations from `index` on hide fields: they are carried out at once. */
export function countHiding(obligations: readonly Obligation[], index: number): number {
  const end = obligations.findIndex((each, at) => at >= index && !isHiding(each))
  return (end === -1 ? obligations.length : end) - index
}

/**
 * Carries out filters and masks in one walk, so that none changes what another finds.
 * @param sensitive what the output schema of the called tool marks; undefined where it is not known
 * @throws ObligationFault
 */
export function hideFields(
  source: string,
  obligations: readonly Obligation[],
  root: Root,
  sensitive: readonly FieldPath[] | undefined,
): Redacted {
  const hiding = obligations.filter(isHiding)
  for (const obligation of hiding) checkPaths(obligation, root)
  const redactions = hiding.map((obligation) => redactionOf(obligation, sensitive))
  const redacted = redact(source, redactions, root.name)
  for (const [index, obligation] of hiding.entries()) {
    const isMissing = obligation.onMissing === 'deny' && redacted.places[index] === 0
    if (obligation.type === 'filter_sensitive' && isMissing) {
      throw new ObligationFault('filter_sensitive: nothing that is sensitive is in the response')
    }
  }
  return redacted
}

export function isHiding(obligation: Obligation): obligation is Hiding {
  switch (obligation.type) {
    case 'filter':
    case 'filter_sensitive':
    case 'mask':
      return true
    case 'merge':
    case 'operations':
    case 'replace':
      return false
  }
}

function checkPaths({ type, paths }: Hiding, root: Root): void {
  if (type === 'filter_sensitive' && root.name !== 'response') {
    throw new ObligationFault(`filter_sensitive: ${root.name} has no output schema`)
  }
  for (const path of paths ?? []) {
    checkAnchor(path, type, root)
    if (path.steps.every((step) => step.type === 'deep')) {
      throw new ObligationFault(
        `${type} ${path.source}: it names the whole of ${root.name}; deny instead`,
      )
    }
  }
}

function redactionOf(obligation: Hiding, sensitive: readonly FieldPath[] | undefined): Redaction {
  const { type: name, onUnreadable, onMissing } = obligation
  switch (obligation.type) {
    case 'filter':
      return { name, paths: obligation.paths, action: 'remove', onUnreadable, onMissing }
    case 'mask':
      return { name, paths: obligation.paths, action: obligation.style, onUnreadable, onMissing }
    case 'filter_sensitive': {
      const paths = obligation.paths ?? sensitive
      if (paths === undefined) {
        throw new ObligationFault(
          'filter_sensitive: the output schema of the tool is not known: list the tools first, or put the schema into the policy set',
        )
      }
      // a schema names what may be there: one of its paths alone says little
      const action = obligation.style ?? 'remove'
      return { name, paths, action, onUnreadable, onMissing: 'pass' }
    }
  }
}
