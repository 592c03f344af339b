/** A setting that is documented for a later version: to set it now would promise what this build does not do. */
export interface PendingSetting {
  readonly key: string
  /** The value that asks for nothing, where there is one. */
  readonly harmless: boolean | undefined
}

export const pendingSettings: Readonly<Record<string, PendingSetting>> = {
  POLICY_VERIFICATION_KEYS: pending('policy.bundle.verificationKeys'),
  POLICY_REQUIRE_SIGNATURE: pending('policy.bundle.requireSignature', false),
  POLICY_CACHE_DIR: pending('policy.bundle.cacheDir'),
  POLICY_RULES_PATH: pending('policy.rulesPath'),
  POLICY_BUNDLES_FILE: pending('policy.bundlesFile'),
  POLICY_CANDIDATE_PATH: pending('policy.candidate.path'),
  POLICY_CANDIDATE_URL: pending('policy.candidate.url'),
  POLICY_CANDIDATE_SAMPLE: pending('policy.candidate.sample'),
  POLICY_ALLOW_ROLLBACK: pending('policy.bundle.allowRollback', false),
  POLICY_BUDGET_MS: pending('policy.budgetMs'),
  POLICY_LARGE_INPUT: pending('policy.largeInput'),
  AUTH_ISSUER: pending('auth.issuer'),
  AUTH_AUDIENCE: pending('auth.audience'),
  AUTH_JWKS_URL: pending('auth.jwksUrl'),
  AUTH_ROLES_CLAIM: pending('auth.rolesClaim'),
  AUTH_TEAMS_CLAIM: pending('auth.teamsClaim'),
  AUTH_REQUIRED_SCOPES: pending('auth.requiredScopes'),
}

export function pendingByKey(key: string): PendingSetting | undefined {
  return Object.values(pendingSettings).find((setting) => setting.key === key)
}

export function pendingFault(origin: string): string {
  return `${origin}: this setting is documented, but this build does not honour it yet; remove it`
}

function pending(key: string, harmless?: boolean): PendingSetting {
  return { key, harmless }
}
