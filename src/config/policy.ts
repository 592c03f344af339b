import type { PolicyConfig } from './config.js'
import { stanceOf } from './modes.js'
import type { Resolved } from './resolve.js'
import type { Supply } from './supply.js'

export function policyOf(resolved: Resolved, { active, candidate }: Supply): PolicyConfig {
  const { value } = resolved
  const { mode, failMode } = stanceOf(resolved)
  const headers = value('POLICY_INPUT_HEADERS')
  return {
    mode,
    failMode,
    supply: active,
    candidate,
    denyStyle: value('POLICY_DENY_STYLE'),
    denyDetail: value('POLICY_DENY_DETAIL'),
    inputHeaders: headers === 'all' ? headers : headers.map((name) => name.toLowerCase()),
    maxInputBytes: value('POLICY_MAX_INPUT_BYTES'),
    budgetMs: value('POLICY_BUDGET_MS'),
    largeInput: {
      calls: value('POLICY_LARGE_INPUT') ?? 'deny',
      responses: value('POLICY_LARGE_INPUT') ?? 'project',
    },
  }
}
