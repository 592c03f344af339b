import type { Policy } from '../../domain/ports.js'
import type { CompiledRule } from './compiled-rule.js'
import { isInScope } from './file-findings.js'
import type { RuleIndex } from './rule-index.js'

/** Whether a rule could hide something of what the tool returns to the caller; whether its condition holds is not asked. */
export function createRedacts(index: RuleIndex): Policy['redacts'] {
  return (call, tool) => {
    const subject = { kind: 'tools/call', server: call.server, type: 'tool', name: tool } as const
    return index.seats('post', subject).some(({ file, rules }) => {
      return isInScope(file, call) && rules.some((rule) => hides(rule) && isOfCaller(rule))
    })

    function isOfCaller({ fitsCaller }: CompiledRule): boolean {
      return fitsCaller === undefined || fitsCaller(call)
    }
  }
}

function hides({ rule, isOnTrial, condition }: CompiledRule): boolean {
  return !isOnTrial && condition?.constant !== false && hiding.has(rule.action.effect)
}

const hiding: ReadonlySet<string> = new Set([
  'filter_fields',
  'filter_sensitive',
  'mask_fields',
  'replace',
  'patch',
])
