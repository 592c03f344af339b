import type { ActionClass } from '../../domain/action-class.js'
import type { BundleScope, Layer } from '../../domain/bundle.js'
import type { DenyCode } from '../../domain/decision.js'
import type { FieldPath } from '../../domain/field-path.js'
import type { JsonObject } from '../../domain/json.js'
import type { MaskStyle, MergePatch, OperationsPatch, Redacting } from '../../domain/obligation.js'

/** Rules as they were read and checked: plain data, structured-cloneable. */
export interface RuleSet {
  /** By layer, then by name. */
  readonly files: readonly RuleFile[]
  /** By the name of the tool: what its schema in the set marks as sensitive. */
  readonly sensitive: ReadonlyMap<string, readonly FieldPath[]>
}

export interface RuleFile {
  /** `rules/hr.yaml` */
  readonly name: string
  readonly layer: Layer
  readonly scope: BundleScope
  /** What holds where no rule applies. */
  readonly default: 'allow' | 'deny'
  /** Of its `default`; rules have their own. */
  readonly mode: RuleMode
  readonly rules: readonly Rule[]
}

export type RuleMode = 'enforce' | 'warn' | 'audit-only'

export interface Rule {
  /** Differs from rule to rule of the whole set. */
  readonly id: string
  /** `rules/hr.yaml:12:5` */
  readonly place: string
  readonly hook: 'pre' | 'post'
  readonly match: Match
  /** CEL. */
  readonly when: string | undefined
  /** The weaker of the file's and the rule's own. */
  readonly mode: RuleMode
  readonly reason: string
  readonly labels: JsonObject
  readonly action: RuleAction
}

/** Each member that is there must fit; one of a list is enough. Globs with `*`. */
export interface Match {
  readonly kind?: readonly string[]
  /** A verified client id. */
  readonly client?: readonly string[]
  readonly user?: readonly string[]
  readonly team?: readonly string[]
  readonly server?: readonly string[]
  readonly tool?: readonly string[]
  /** The URI of a resource. */
  readonly resource?: readonly string[]
  readonly prompt?: readonly string[]
  readonly actionClass?: readonly ActionClass[]
}

export type RuleAction =
  | { readonly effect: 'allow' }
  | { readonly effect: 'audit' }
  | { readonly effect: 'warn' }
  | {
      readonly effect: 'deny'
      readonly code: DenyCode
      readonly remedy: string
      readonly retryAfterSec: number | undefined
    }
  | { readonly effect: 'ask'; readonly remedy: string; readonly terms: JsonObject }
  | { readonly effect: 'dry_run' }
  | ({ readonly effect: 'filter_fields'; readonly paths: readonly FieldPath[] } & Redacting)
  | ({ readonly effect: 'filter_sensitive' } & Redacting)
  | ({
      readonly effect: 'mask_fields'
      readonly paths: readonly FieldPath[]
      readonly style: MaskStyle
    } & Redacting)
  | {
      readonly effect: 'replace'
      readonly replaces: readonly {
        readonly path: FieldPath
        /** RE2; it compiles. */
        readonly pattern: string
        readonly with: string
      }[]
    }
  | { readonly effect: 'patch'; readonly patches: readonly (MergePatch | OperationsPatch)[] }
