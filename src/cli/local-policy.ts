import { settings } from '../config/settings.js'
import { compilePolicy } from '../policy/compile.js'
import { createPatterns } from '../policy/patterns.js'
import { CommandError } from './command.js'
import type { ClassifyTool } from '../domain/action-class.js'
import type { FieldPath } from '../domain/field-path.js'
import type { MaskStyle, Obligation, Redacting } from '../domain/obligation.js'
import type { Policy } from '../domain/ports.js'
import type { Bundle } from '../domain/bundle.js'
import type { Decision, ListDecision } from '../domain/decision.js'
import type { PolicyInput } from '../domain/policy-input.js'

/** A policy as a gateway with default settings would run it, and what it spends. */
export interface LocalPolicy extends Policy {
  /** Fuel that the last evaluation took. */
  spent(): number
}

/** @throws PolicySupplyError */
export async function compileLocally(
  bundle: Bundle,
  { classify = () => 'unknown' }: { readonly classify?: ClassifyTool } = {},
): Promise<LocalPolicy> {
  let spent = 0
  const policy = await compilePolicy(bundle, {
    patterns: createPatterns(),
    classify,
    limits: {
      maxInputBytes: settings.POLICY_MAX_INPUT_BYTES.default,
      budgetMs: settings.POLICY_BUDGET_MS.default,
    },
    largeInput: { calls: 'deny', responses: 'project' },
    meter: (_hook, fuel) => {
      spent = fuel
    },
  })
  return { ...policy, spent: () => spent }
}

export interface Judged {
  readonly decision: Decision | ListDecision
  /** The decision in the words of policy results, with the time that it took. */
  readonly report: Readonly<Record<string, unknown>>
}

/** @throws CommandError 1 where the policy has no such hook */
export function judgeLocally(policy: LocalPolicy, input: PolicyInput): Judged {
  if (!policy.hooks[input.hook]) {
    throw new CommandError(
      1,
      `The bundle has no entrypoint mcp/${input.hook}, so nothing is decided there`,
    )
  }
  const started = performance.now()
  const decision = input.hook === 'list' ? policy.list(input) : policy.evaluate(input)
  const evalMs = Math.round((performance.now() - started) * 1000) / 1000
  const report = {
    ...describe(decision),
    ...('names' in decision ? { names: decision.names } : {}),
    hook: input.hook,
    bundle_digest: policy.digest,
    eval_ms: evalMs,
    fuel: policy.spent(),
  }
  return { decision, report }
}

function describe(decision: Decision): Record<string, unknown> {
  const { effect, reason, engine, rules, revision, warnings, labels, trial } = decision
  return {
    effect,
    ...consequence(decision),
    reason,
    engine,
    rules,
    warnings,
    trial,
    labels,
    revision,
  }
}

function consequence(decision: Decision): Record<string, unknown> {
  switch (decision.effect) {
    case 'allow':
    case 'dry_run':
      return { obligations: decision.obligations.map(asWritten) }
    case 'ask':
      return { remedy: decision.remedy, ask: decision.terms }
    case 'deny':
      return {
        code: decision.code,
        remedy: decision.remedy,
        retry_after: decision.retryAfterSec,
        fault: decision.fault,
      }
  }
}

/** The obligation as a policy of Rego would write it. */
export function asWritten(obligation: Obligation): Record<string, unknown> {
  switch (obligation.type) {
    case 'merge':
      return { patch: { [obligation.root]: obligation.value } }
    case 'operations':
      return { patch: obligation.operations }
    case 'replace':
      return {
        replace: {
          path: obligation.path.source,
          pattern: obligation.pattern.source,
          with: obligation.with,
        },
      }
    case 'filter':
      return { filter_fields: sourcesOf(obligation.paths), ...ends(obligation) }
    case 'filter_sensitive':
      return { filter_sensitive: sensitiveAs(obligation.paths), ...ends(obligation) }
    case 'mask':
      return {
        mask_fields: sourcesOf(obligation.paths),
        mask: obligation.style.type === 'text' ? obligation.style.text : styleOf(obligation.style),
        ...ends(obligation),
      }
  }
}

function sourcesOf(paths: readonly FieldPath[]): readonly string[] {
  return paths.map(({ source }) => source)
}

/** `true`: what the upstream says of its own tool. */
function sensitiveAs(paths: readonly FieldPath[] | undefined): true | readonly string[] {
  return paths === undefined ? true : sourcesOf(paths)
}

/** A salt is a secret. */
function styleOf({ type, ...style }: MaskStyle): Record<string, unknown> {
  return { style: type, ...('keep' in style ? { keep: style.keep } : {}) }
}

function ends({ onUnreadable, onMissing }: Redacting): Record<string, unknown> {
  return { on_unreadable: onUnreadable, on_missing: onMissing }
}
